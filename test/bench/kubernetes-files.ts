/** Small files through warm workers, a few at once; beside one plain Job per file. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { busyboxRoot } from '../support/containers/root-directories.js'
import type { DispatcherProcess } from '../support/dispatcher-process.js'
import { figure, type Bench } from './figure.js'
import { onCluster, type OnCluster } from './on-cluster.js'
import { plainJobs } from './plain-job.js'

const FILES = 200
const PLAIN_JOBS = 24
const AT_ONCE = 4
const FILE_BYTES = 5000
const FUNCTION = 'bench-dev-files'
const SIZE = { cpu: 0.2, memorySize: 128, ephemeralStorageSize: 64 }

export const kubernetesFiles: Bench = {
  name: 'kubernetes-files',
  about: `${FILES} files of ${FILE_BYTES / 1000} kB, ${AT_ONCE} at once, from zero, results written back; beside one plain Job per file that moves none`,
  run: () =>
    onCluster(async (on) => {
      const image = await on.bench.image('busybox', busyboxRoot, { WorkingDir: '/tmp/work' })
      const plain = await plainRate(on, image)
      const ours = await ourRate(on, image)
      const measured = { name: 'files from zero to the last result', value: ours, unit: 'files/min', yardstick: plain }
      return [figure(measured, { ratioAtLeast: 10 })]
    }),
}

/** Files per minute. */
async function ourRate({ start }: OnCluster, image: string): Promise<number> {
  const dispatcher = await start()
  const script = '#!/bin/sh\nmd5sum "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/sum"\n'
  const places = { input: 'here://in/', output: 'here://out/' }
  await dispatcher.put(FUNCTION, script, { image, ...SIZE, concurrency: AT_ONCE, ...places })
  await dispatcher.put('bench-dev-warm', '#!/bin/sh\ntrue\n', { image, ...SIZE })
  await dispatcher.invokeAndWait('bench-dev-warm')
  const begin = performance.now()
  drop(dispatcher)
  const ended = await dispatcher.allEnded(FILES + 1, 300_000)
  const minutes = (performance.now() - begin) / 60_000
  const failures = ended.filter(({ state }) => state !== 'succeeded')
  if (failures.length > 0) throw new Error(`${failures.length} failed: ${failures[0]!.message}`)
  return FILES / minutes
}

function drop(dispatcher: DispatcherProcess): void {
  mkdirSync(dispatcher.path('in'), { recursive: true })
  for (let index = 0; index < FILES; index++)
    writeFileSync(dispatcher.path('in', `file-${index}`), randomBytes(FILE_BYTES))
}

async function plainRate({ bench }: OnCluster, image: string): Promise<number> {
  const { api, make } = await plainJobs(bench)
  const line = `head -c ${FILE_BYTES} /dev/urandom > /tmp/in; md5sum /tmp/in > /tmp/out`
  const oneJob = async () => {
    const name = await make({ image, line, cpu: '200m', memory: '128Mi', lean: true })
    for (;;) {
      const jobs = await api.listJobs('plain=job')
      const job = jobs.find(({ metadata }) => metadata.name === name)
      if (job?.status?.conditions?.some(({ type }) => type === 'Complete')) return
      await delay(100)
    }
  }
  await oneJob()
  const begin = performance.now()
  const queue = Array.from({ length: PLAIN_JOBS }, () => oneJob).values()
  const lane = async () => {
    for (const next of queue) await next()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  api.close()
  return PLAIN_JOBS / ((performance.now() - begin) / 60_000)
}
