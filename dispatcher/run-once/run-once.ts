/**
 * One function, once, on this machine: a dispatcher of its own in a temporary directory, so that the contract is the
 * same by construction; gone afterwards.
 */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { InvocationRecord, PackagedFile } from '../../runtime/contract/dispatcher-api.js'
import { settingsAside } from '../../runtime/contract/embedded-environment.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { LogLine } from '../../runtime/contract/runtime-api.js'
import { readConfig } from '../config.js'
import { serve } from '../serve.js'
import { OneRunClient } from './client.js'
import { oneRun, RESULTS, type OneRun } from './one-run-spec.js'

/** Its storage is its own; secrets and containers are those of this machine. */
const KEPT = ['SPILLWAY_SECRET_', 'SPILLWAY_BACKENDS_LOCAL_CONTAINER']

export interface RunOnce {
  /** Full name of the function. */
  name: string
  /** In normal form. */
  spec: FunctionSpec
  files: PackagedFile[]
  /** The `local` block of the back-ends. */
  local?: Record<string, unknown>
  /** Path of the input file: an object where the function takes some, else the body of a request. */
  input?: string
  /** Directory that gets the results; undefined: one of its own below that of temporary files. */
  output?: string
  environment: Readonly<Record<string, string | undefined>>
  /** Called with each line that the script prints. */
  onLine(line: LogLine): void
  /** Called with what the user should know. */
  onNote(note: string): void
  /** Ends the run early. */
  signal: AbortSignal
}

export interface RunEnd {
  record: InvocationRecord
  /** Directory of the results; undefined when there are none. */
  output?: string
}

export async function runOnce(run: RunOnce): Promise<RunEnd> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-once-')))
  try {
    const only = oneRun(run.spec, run.input === undefined ? undefined : basename(run.input))
    const config = readConfig(writeConfig(directory, only, run.local), settingsAside(run.environment, KEPT))
    const serving = await serve(config)
    try {
      return await carryOut(run, { only, client: new OneRunClient(serving.url), data: dataOf(directory) })
    } finally {
      await serving.stop()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

interface Means {
  only: OneRun
  client: OneRunClient
  /** Directory of the storage. */
  data: string
}

async function carryOut(run: RunOnce, { only, client, data }: Means): Promise<RunEnd> {
  const notes = await client.put(run.name, { spec: only.spec, files: run.files })
  for (const note of notes) run.onNote(note)
  const id = only.object ? await deliver(run, only.object, { client, data }) : await client.invoke(run.name, run.input)
  const stop = () => void client.cancel(id)
  run.signal.addEventListener('abort', stop, { once: true })
  if (run.signal.aborted) stop()
  await client.followLog(id, run.onLine)
  const record = await client.ended(id)
  run.signal.removeEventListener('abort', stop)
  if (record.outputs.length === 0) return { record }
  const output = run.output ?? mkdtempSync(join(tmpdir(), `${run.name}-`))
  cpSync(join(data, RESULTS), output, { recursive: true })
  return { record, output }
}

/** Puts the file where the function looks for its input; the dispatcher finds it. */
async function deliver(
  { input }: RunOnce,
  { bucket, key }: { bucket: string; key: string },
  { client, data }: Pick<Means, 'client' | 'data'>,
): Promise<string> {
  const path = join(data, bucket, key)
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(input!, path)
  return client.first()
}

const dataOf = (directory: string) => join(directory, 'data')

function writeConfig(directory: string, { storage }: OneRun, local: Record<string, unknown> = {}): string {
  const file = join(directory, 'dispatcher.yml')
  const config = {
    listen: '127.0.0.1:0',
    stateDirectory: join(directory, 'state'),
    storage: { [storage]: { type: 'directory', path: dataOf(directory), settle: 0, reconcile: 1 } },
    backends: { local: { ...local, slots: 1 } },
    heartbeat: 1,
    drain: 0,
    logLevel: 'silent',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}
