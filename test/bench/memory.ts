/** What it takes to be there: resident memory, start of a worker, and 2 GB through it. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { NODE_OPTIONS } from '../../dispatcher/images/kit-command.js'
import type { BackendStatus } from '../../runtime/contract/dispatcher-api.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { REPOSITORY } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { SmallS3 } from '../support/s3/small-s3.js'
import { figure, median, type Bench } from './figure.js'
import { memoryOverHttp } from './memory-over-http.js'
import { withDirectory, withDispatcher } from './with-dispatcher.js'

const LARGE_BYTES = 2 * 1024 ** 3
const STARTS = 9
const COPY = '#!/bin/sh\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'

export const memory: Bench = {
  name: 'memory',
  about: 'resident memory when idle, start of a worker, and a 2 GB file through it',
  run: async () => [
    ...(await withDispatcher(residents)),
    figure(
      { name: '2 GB through the supervisor over HTTP, above idle', value: await memoryOverHttp(), unit: 'MiB' },
      { atMost: 20 },
    ),
    figure(
      { name: 'the same, with MinIO, Kubernetes and Lambda', value: await withEverything(), unit: 'MiB' },
      { atMost: 150 },
    ),
    figure(
      { name: 'supervisor, process start to first next', value: median(await starts()), unit: 'ms' },
      { atMost: 100 },
    ),
  ],
}

async function residents(dispatcher: DispatcherProcess) {
  const idle = mebibytes(dispatcher.pid, 'VmRSS')
  await dispatcher.put('bench-dev-copy', COPY, {
    input: 'here://in/',
    output: 'here://out/',
    ephemeralStorageSize: '8Gi',
    concurrency: 1,
  })
  await drop(dispatcher, 'small', 5 * 1024)
  await dispatcher.allEnded(1)
  const [worker] = workersOf(dispatcher.pid)
  const before = mebibytes(worker!, 'VmHWM')
  const dispatcherBefore = mebibytes(dispatcher.pid, 'VmHWM')
  await drop(dispatcher, 'large', LARGE_BYTES)
  await dispatcher.allEnded(2, 300_000)
  return [
    figure({ name: 'dispatcher, idle', value: idle, unit: 'MiB' }, { atMost: 150 }),
    figure(
      { name: 'supervisor, idle after a first file', value: mebibytes(worker!, 'VmRSS'), unit: 'MiB' },
      { atMost: 60 },
    ),
    figure(
      { name: '2 GB through the supervisor, above idle', value: mebibytes(worker!, 'VmHWM') - before, unit: 'MiB' },
      { atMost: 20 },
    ),
    figure(
      {
        name: '2 GB through the dispatcher, above idle',
        value: mebibytes(dispatcher.pid, 'VmHWM') - dispatcherBefore,
        unit: 'MiB',
      },
      { atMost: 20 },
    ),
  ]
}

/** Mebibytes of an idle dispatcher that has listed a bucket and has looked for its cluster, which is not there. */
async function withEverything(): Promise<number> {
  const s3 = await SmallS3.start()
  try {
    return await withDirectory(async (directory) => {
      const kubeconfig = join(directory, 'kubeconfig')
      writeFileSync(kubeconfig, JSON.stringify(KUBECONFIG))
      const { accessKeyId, secretAccessKey, sessionToken } = s3.keys
      const kubernetes = {
        context: 'nowhere',
        namespace: 'nowhere',
        dispatcherUrl: NOWHERE,
        registry: 'registry.invalid/spillway',
      }
      const options = {
        config: {
          storage: { lake: { type: 'minio', endpoint: s3.url, webhook: [] } },
          backends: { local: {}, kubernetes, lambda: { stagingBucket: 'staging', region: 'eu-west-1' } },
        },
        environment: {
          KUBECONFIG: kubeconfig,
          SPILLWAY_STORAGE_LAKE_ACCESS_KEY: accessKeyId,
          SPILLWAY_STORAGE_LAKE_SECRET_KEY: secretAccessKey,
          SPILLWAY_STORAGE_LAKE_SESSION_TOKEN: sessionToken,
        },
      }
      return withDispatcher(async (dispatcher) => {
        await dispatcher.put('bench-dev-true', '#!/bin/sh\n', { input: 'lake://in/', backends: ['local'] })
        await eventually(() => s3.requests.some(({ query }) => query.has('list-type')))
        await eventually(async () => /ECONNREFUSED/.test(String((await kubernetesOf(dispatcher)).messages)), {
          timeoutMs: 30_000,
        })
        return mebibytes(dispatcher.pid, 'VmRSS')
      }, options)
    })
  } finally {
    await s3.stop()
  }
}

async function kubernetesOf(dispatcher: DispatcherProcess): Promise<BackendStatus> {
  const { body } = await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')
  return body.backends.find(({ name }) => name === 'kubernetes')!
}

/** Where nobody listens. */
const NOWHERE = 'http://127.0.0.1:1'
const KUBECONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'nowhere', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'nobody', user: { token: 'token' } }],
  contexts: [{ name: 'nowhere', context: { cluster: 'nowhere', user: 'nobody' } }],
  'current-context': 'nowhere',
}

/** Written elsewhere and moved in, so that it appears whole. */
async function drop(dispatcher: DispatcherProcess, name: string, bytes: number): Promise<void> {
  mkdirSync(dispatcher.path('in'), { recursive: true })
  const path = dispatcher.path('in', name)
  writeFileSync(path, '')
  truncateSync(path, bytes)
}

function workersOf(pid: number): number[] {
  const text = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' })
  return text
    .split('\n')
    .filter((line) => line.includes('supervisor.cjs'))
    .map((line) => Number.parseInt(line, 10))
}

const mebibytes = (pid: number, field: 'VmRSS' | 'VmHWM') =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Milliseconds from starting a supervisor to its first `next`, several times. */
async function starts(): Promise<number[]> {
  return withDirectory(async (directory) => {
    const times: number[] = []
    let asked: () => void = () => undefined
    const server = createServer((_request, response) => {
      asked()
      response.writeHead(410).end('{}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const file = join(directory, 'worker.json')
    writeFileSync(file, JSON.stringify(workerFile(directory)))
    const environment = {
      PATH: process.env.PATH,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      SPILLWAY_WORKER_TOKEN: 'token',
      SPILLWAY_WORKER_FILE: file,
      SPILLWAY_SCRATCH: join(directory, 'scratch'),
    }
    for (let time = 0; time < STARTS; time++) {
      const first = new Promise<void>((resolve) => (asked = resolve))
      const started = process.hrtime.bigint()
      const child = spawn(process.execPath, [...NODE_OPTIONS, join(REPOSITORY, 'dist/runtime/supervisor.cjs')], {
        env: environment,
        stdio: 'ignore',
      })
      const ended = once(child, 'exit')
      await Promise.race([first, ended.then(() => Promise.reject(new Error('the supervisor ended without asking')))])
      times.push(Number(process.hrtime.bigint() - started) / 1e6)
      await eventually(() => child.exitCode !== null)
    }
    server.close()
    return times
  })
}

const workerFile = (directory: string) => ({
  function: 'bench',
  release: 1,
  backend: 'local',
  run: { kind: 'command', command: ['true'] },
  environment: {},
  filesDir: directory,
  fresh: false,
  heartbeatSeconds: 10,
  leaseSeconds: 30,
})
