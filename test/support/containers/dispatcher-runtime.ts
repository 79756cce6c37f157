/** The runtime contract's view of a real dispatcher: a job becomes a function, its input an object or a request. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { InvocationRecord, PackagedFile } from '../../../runtime/contract/dispatcher-api.js'
import type { Job, JobEnd, RuntimeUnderTest } from '../../suites/runtime-contract.suite.js'
import { DispatcherProcess } from '../dispatcher-process.js'
import { eventually } from '../eventually.js'

const FUNCTION = 'suite-dev-work'

export interface DispatcherRuntimeOptions {
  /** Keys of the spec beside what a job says. */
  spec: Record<string, unknown>
  environment?: Record<string, string>
  /** Of the dispatcher; the default has the local back-end. */
  config?: Record<string, unknown>
  token?: string
  backend?: string
}

export async function startDispatcherRuntime(options: DispatcherRuntimeOptions): Promise<RuntimeUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'spillway-runtime-'))
  const { environment = {}, config = {}, token, backend = 'local' } = options
  const dispatcher = await DispatcherProcess.start({ directory, environment, config, ...(token ? { token } : {}) })
  let jobs = 0
  return {
    functionName: FUNCTION,
    backend,
    run: (job) => runJob(job, { dispatcher, spec: options.spec, number: ++jobs }),
    stop: async () => {
      await dispatcher.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Place {
  dispatcher: DispatcherProcess
  spec: Record<string, unknown>
  number: number
}

async function runJob(job: Job, place: Place): Promise<JobEnd> {
  const { dispatcher, number } = place
  await register(job, place)
  const { id } = await begin(job, place)
  const record = await dispatcher.invocation(id, '?wait=60s')
  const log = await dispatcher.call<string>('GET', `/v1/invocations/${id}/log`)
  const [attempt] = record.tries
  return {
    invocation: id,
    outcome: record.state === 'succeeded' ? 'succeeded' : 'failed',
    outputs: filesBelow(dispatcher.path(`out-${number}`)),
    log: log.body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JobEnd['log'][number]),
    ...(record.cause ? { cause: record.cause } : {}),
    ...(attempt?.exitCode === undefined ? {} : { exitCode: attempt.exitCode }),
    ...(record.result ? { result: Buffer.from(record.result.body, record.result.encoding).toString() } : {}),
  }
}

async function register(job: Job, { dispatcher, spec, number }: Place): Promise<void> {
  const run = 'script' in job.run ? { script: 'work.sh' } : { command: job.run.command }
  const files = { ...job.files, ...('script' in job.run ? { 'work.sh': job.run.script } : {}) }
  const answer = await dispatcher.json('PUT', `/v1/functions/${FUNCTION}`, {
    spec: {
      ...run,
      input: `here://in-${number}/`,
      output: { bucket: `out-${number}`, match: job.match ?? ['**'] },
      environment: job.environment ?? {},
      timeout: job.timeout ?? 30,
      retries: { attempts: 1 },
      files: Object.keys(job.files ?? {}),
      ...spec,
    },
    files: Object.entries(files).map(([path, content]) => packaged(path, content)),
  })
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body))
}

async function begin(job: Job, { dispatcher, number }: Place): Promise<{ id: string }> {
  if (!job.input || 'request' in job.input) return dispatcher.invoke(FUNCTION, job.input?.request.body ?? '')
  const { key, content } = job.input.object
  const path = dispatcher.path(`in-${number}`, key)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return eventually(async () => (await dispatcher.invocations('?limit=5')).invocations.find(isAbout(number)), {
    what: 'the invocation of the object',
  })
}

const isAbout =
  (number: number) =>
  ({ input }: Pick<InvocationRecord, 'input'>): boolean =>
    input.kind === 'object' && input.event.bucket === `in-${number}`

const packaged = (path: string, content: string): PackagedFile => ({
  path,
  mode: 0o644,
  data: Buffer.from(content).toString('base64'),
})

const filesBelow = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]),
  )
