/** What the tests of this directory share: a fake API, a supervisor, and one attempt run to its end. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { InputGrant } from '../../../runtime/contract/grant.js'
import type { Failed, Outcome, Succeeded } from '../../../runtime/contract/outcome.js'
import type { AttemptDocument, WorkerFile } from '../../../runtime/contract/runtime-api.js'
import { eventually } from '../../support/eventually.js'
import { FakeRuntimeApi } from '../../support/fake-runtime-api.js'
import { SupervisorProcess } from '../../support/supervisor-process.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

export interface Bench {
  api: FakeRuntimeApi
  directory: string
  /** Starts a worker of a shell script (or of another run) instead of the one before; stopped after the test. */
  start: (
    script: string,
    worker?: Partial<WorkerFile>,
    environment?: Record<string, string>,
  ) => Promise<SupervisorProcess>
  /** Hands out an attempt and answers its id. */
  hand: (document?: Partial<AttemptDocument>) => string
  outcomeOf: (attempt: string) => Promise<Outcome>
  /** start, hand and outcomeOf in one. */
  run: (script: string, document?: Partial<AttemptDocument>, worker?: Partial<WorkerFile>) => Promise<Outcome>
  /** Grant for a file of that content on the same disk. */
  fileInput: (name: string, content: string | Buffer) => InputGrant
  published: (name: string) => string
}

/** Call inside `describe`. */
export function bench(): () => Bench {
  const directory = temporaryDirectory()
  let current: Bench
  let processes: SupervisorProcess[] = []
  beforeEach(async () => {
    processes = []
    current = makeBench(await FakeRuntimeApi.start(), directory(), processes)
  })
  afterEach(async () => {
    await Promise.all(processes.map((one) => one.stop()))
    await current.api.stop()
  })
  return () => current
}

function makeBench(api: FakeRuntimeApi, directory: string, processes: SupervisorProcess[]): Bench {
  const published = (name: string) => join(directory, 'published', name)
  api.grants = (_, name) => [
    { method: 'PUT', url: pathToFileURL(published(name)).href, expiresAt: FakeRuntimeApi.later },
  ]

  const start: Bench['start'] = async (script, worker, environment) => {
    await Promise.all(processes.splice(0).map((one) => one.stop()))
    mkdirSync(join(directory, 'files'), { recursive: true })
    writeFileSync(join(directory, 'files', 'script'), script)
    const run = { kind: 'script', path: join(directory, 'files', 'script') } as const
    const supervisor = SupervisorProcess.start({
      api: api.address,
      directory,
      worker: { run, ...worker },
      ...(environment ? { environment } : {}),
    })
    processes.push(supervisor)
    return supervisor
  }
  const hand: Bench['hand'] = (document) => {
    const invocation = randomUUID()
    api.hand(`${invocation}.1`, { ...attemptDocument(invocation), ...document })
    return `${invocation}.1`
  }
  const outcomeOf: Bench['outcomeOf'] = (attempt) =>
    eventually(() => api.outcomes.get(attempt), { timeoutMs: 15_000, what: 'an outcome' })
  const run: Bench['run'] = async (script, document, worker) => {
    await start(script, worker)
    return outcomeOf(hand(document))
  }
  const fileInput: Bench['fileInput'] = (name, content) => {
    const path = join(directory, 'object')
    writeFileSync(path, content)
    const size = Buffer.byteLength(content)
    return { method: 'GET', name, size, url: pathToFileURL(path).href, expiresAt: FakeRuntimeApi.later }
  }
  return { api, directory, start, hand, outcomeOf, run, fileInput, published }
}

const attemptDocument = (invocation: string): AttemptDocument => ({
  invocation,
  attempt: 1,
  event: { Records: [] },
  eventTime: '2026-08-01T12:00:00.000Z',
  objectKey: 'in/photo 1.jpg',
  input: [],
  limits: { deadlineMs: FakeRuntimeApi.later, ephemeralStorageSize: 512 },
  wantsResult: false,
})

export function succeeded(outcome: Outcome): Succeeded {
  if (outcome.outcome !== 'succeeded') throw new Error(`it failed: ${outcome.cause}: ${outcome.message}`)
  return outcome
}

export function failedWith(outcome: Outcome): Failed {
  if (outcome.outcome !== 'failed') throw new Error('it succeeded')
  return outcome
}
