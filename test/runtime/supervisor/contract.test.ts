/** The runtime contract over the fake API, with which a supervisor is alone. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { outputsFor } from '../../../runtime/contract/filters.js'
import type { InputGrant } from '../../../runtime/contract/grant.js'
import type { AttemptDocument, WorkerRun } from '../../../runtime/contract/runtime-api.js'
import { s3Notification } from '../../../runtime/events/s3-notification.js'
import {
  runtimeContractSuite,
  type Job,
  type JobEnd,
  type RuntimeUnderTest,
} from '../../suites/runtime-contract.suite.js'
import { eventually } from '../../support/eventually.js'
import { FakeRuntimeApi } from '../../support/fake-runtime-api.js'
import { SupervisorProcess } from '../../support/supervisor-process.js'

runtimeContractSuite({ name: 'supervisor and fake API', start })

async function start(): Promise<RuntimeUnderTest> {
  const api = await FakeRuntimeApi.start()
  const root = mkdtempSync(join(tmpdir(), 'spillway-contract-'))
  return {
    functionName: 'plants-dev-classify',
    backend: 'local',
    run: (job) => runJob(job, api, mkdtempSync(join(root, 'job-'))),
    stop: async () => {
      await api.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

async function runJob(job: Job, api: FakeRuntimeApi, directory: string): Promise<JobEnd> {
  const published = join(directory, 'published')
  const rule = { storage: 's', bucket: 'b', prefix: '', match: job.match ?? ['**'] }
  api.log.length = 0
  api.grants = (_, name) =>
    outputsFor([rule], name).map(() => ({
      method: 'PUT',
      url: pathToFileURL(join(published, name)).href,
      expiresAt: FakeRuntimeApi.later,
    }))
  const supervisor = startWorker(job, api, directory)
  try {
    const invocation = randomUUID()
    api.hand(`${invocation}.1`, documentFor(job, invocation, directory))
    const outcome = await eventually(() => api.outcomes.get(`${invocation}.1`), { timeoutMs: 18_000 })
    const { outcome: word, exitCode, result } = outcome
    return {
      invocation,
      outcome: word,
      outputs: existsSync(published) ? filesBelow(published) : {},
      log: [...api.log],
      ...(outcome.outcome === 'failed' ? { cause: outcome.cause } : {}),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(result ? { result: result.body } : {}),
    }
  } finally {
    await supervisor.stop()
  }
}

function startWorker(job: Job, api: FakeRuntimeApi, directory: string): SupervisorProcess {
  const files = 'script' in job.run ? { ...job.files, 'work.sh': job.run.script } : { ...job.files }
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, 'files', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  const run: WorkerRun =
    'script' in job.run ? { kind: 'script', path: 'work.sh' } : { kind: 'command', command: job.run.command }
  return SupervisorProcess.start({ api: api.address, directory, worker: { run, environment: job.environment ?? {} } })
}

function documentFor({ input, timeout = 30 }: Job, invocation: string, directory: string): AttemptDocument {
  const common = {
    invocation,
    attempt: 1,
    eventTime: '2026-08-01T12:00:00.000Z',
    limits: { deadlineMs: Date.now() + timeout * 1000, ephemeralStorageSize: 512 },
  }
  if (input && 'object' in input) {
    const { key, content } = input.object
    const event = { storage: 'lake', bucket: 'plants', key, size: content.length, time: common.eventTime }
    const grants = [grantFor(directory, key, content)]
    return { ...common, event: s3Notification(event, 'minio'), objectKey: key, input: grants, wantsResult: false }
  }
  const body = input?.request.body ?? ''
  return {
    ...common,
    event: jsonOr(body),
    input: body === '' ? [] : [grantFor(directory, 'body', body)],
    wantsResult: true,
  }
}

function grantFor(directory: string, name: string, content: string): InputGrant {
  const path = join(directory, 'object')
  writeFileSync(path, content)
  return {
    method: 'GET',
    name,
    size: statSync(path).size,
    url: pathToFileURL(path).href,
    expiresAt: FakeRuntimeApi.later,
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const filesBelow = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
  )
