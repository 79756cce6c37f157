/** Takes results to where the grants of the dispatcher say; nothing is visible there until it accepts the outcome. */
import { inTurn } from '../contract/in-turn.js'
import type { OutputsAnswer } from '../contract/runtime-api.js'
import type { ApiClient } from './api-client.js'
import { AttemptFailure } from './attempt-failure.js'
import { listOutputs, type LeftFile } from './list-outputs.js'
import { persist } from './persist.js'
import type { Stop } from './stop.js'
import { writeGranted } from './transfer/granted.js'
import type { Upload } from './transfer/transfer.js'
import { TransferError } from './transfer/transfer-error.js'
import type { Workspace } from './workspace.js'

/** Files on their way at once. */
const AT_ONCE = 4

export interface StageOutput {
  attempt: string
  api: ApiClient
  workspace: Workspace
  stop: Stop
  /** Milliseconds for which the dispatcher may be out of reach. */
  leaseMs: number
}

/** Names of the results that some output takes, in the order in which they were announced. */
export async function stageOutput(stage: StageOutput): Promise<string[]> {
  const files = await listOutputs(stage.workspace.output, stage.workspace.root)
  if (files.length === 0) return []
  const granted = await grantsFor(files, stage)
  await inTurn(files, AT_ONCE, (file) => uploadAll(file, granted, stage.stop.signal))
  return files.map(({ name }) => name).filter((name) => granted.has(name))
}

type Granted = Map<string, OutputsAnswer['outputs'][number]['grants']>

async function grantsFor(files: LeftFile[], { attempt, api, stop, leaseMs }: StageOutput): Promise<Granted> {
  const outputs = files.map(({ name, size }) => ({ name, size }))
  const ask = () => api.outputs(attempt, { outputs }, stop.signal)
  const answer = await persist(ask, { api, leaseMs, signal: stop.signal })
  if (answer.kind === 'fenced') stop.because({ kind: 'fenced' })
  if (answer.kind === 'refused')
    throw new AttemptFailure('output-refused', `the dispatcher refused the results: ${answer.message}`)
  if (answer.kind !== 'done') throw new Error('the dispatcher gave no grants')
  return new Map(answer.value.outputs.flatMap(({ name, grants }) => (grants.length > 0 ? [[name, grants]] : [])))
}

async function uploadAll({ name, path, mayMove }: LeftFile, granted: Granted, signal: AbortSignal): Promise<void> {
  const grants = granted.get(name) ?? []
  for (const grant of grants) await upload(name, { grant, from: path, mayMove: mayMove && grants.length === 1, signal })
}

async function upload(name: string, one: Upload): Promise<void> {
  await writeGranted(one).catch((error: unknown) => {
    throw asWriteFailure(error, name)
  })
}

/** What could not be written, as the cause of a failure. */
export function asWriteFailure(error: unknown, name: string): unknown {
  if (!(error instanceof TransferError)) return error
  const message = `the result ${name} could not be written: ${error.message}`
  return new AttemptFailure(error.fault === 'interrupted' ? 'internal' : 'output-refused', message)
}
