/** One attempt as a value: stage in, run, stage out. How files travel and where the log goes is up to the back-end. */
import { asError } from '../contract/errors.js'
import { failed, type Outcome, type StageTimes } from '../contract/outcome.js'
import { failureFrom } from './attempt-failure.js'
import type { WorkerConfig } from './config.js'
import type { LogShipper } from './log-shipper.js'
import { countMemoryKills } from './memory-kills.js'
import { monotonicMs } from './monotonic.js'
import { ResultCapture } from './result-capture.js'
import { runFailure } from './run-failure.js'
import type { Runner } from './runner.js'
import type { ScriptContext, TaskDocument } from './script-environment.js'
import type { Stop } from './stop.js'
import { createWorkspace, removeWorkspace, type Workspace } from './workspace.js'

/** What belongs to one attempt. */
export interface Task {
  /** Names its workspace. */
  id: string
  document: TaskDocument
  /** See `ScriptContext`. */
  headers: Record<string, string>
  config: WorkerConfig
  runner: Runner
  carrier: Carrier
  stop: Stop
  log: LogShipper
  /** Cuts the time short that a stopped script has for ending by itself. */
  hurry: AbortSignal
  /** The script has ended: what is left to do is not its time. */
  onScriptEnd: () => void
  note: (text: string) => void
  times: StageTimes
  workspace?: Workspace
}

/** How files come and go. */
export interface Carrier {
  /** Paths of the staged input files. */
  stageIn(directory: string, signal: AbortSignal): Promise<string[]>
  /** Names of the results that some output takes. */
  stageOut(workspace: Workspace): Promise<string[]>
}

export const newTimes = (): StageTimes => ({ stageInMs: 0, runMs: 0, stageOutMs: 0 })

/** Nothing is thrown. Whoever stopped the attempt has the first word on why it ended. */
export async function carryOut(task: Task): Promise<Outcome> {
  const { stop, times } = task
  const outcome = await stages(task).catch((error: unknown): Outcome => failureFrom(error))
  if (stop.reason?.kind !== 'failed') return { ...outcome, times }
  const { cause, message } = stop.reason
  const { exitCode, signal } = outcome
  return failed({
    cause,
    message,
    times,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal ? { signal } : {}),
  })
}

async function stages(task: Task): Promise<Outcome> {
  const { stop, times, runner, document } = task
  const capture = document.wantsResult ? new ResultCapture() : undefined
  const context = await timed(times, 'stageInMs', () => stageIn(task))
  const kills = countMemoryKills()
  const { log, hurry } = task
  const listen = capture ? { listen: (chunk: Buffer) => capture.push(chunk) } : {}
  const end = await timed(times, 'runMs', () => runner.run(context, { log, stop: stop.signal, hurry, ...listen }))
  task.onScriptEnd()
  const result = capture ? { result: capture.body() } : {}
  const failure = runFailure(end, end.exitCode !== 0 && kills !== countMemoryKills())
  if (failure) return { ...failure, ...result }
  throwIfStopped(stop)
  const outputs = await timed(times, 'stageOutMs', () => stageOut(task, context.workspace))
  throwIfStopped(stop)
  return { outcome: 'succeeded', outputs, exitCode: 0, ...result }
}

async function stageIn(task: Task): Promise<ScriptContext> {
  const { id, document, headers, config, carrier, stop } = task
  const event = JSON.stringify(document.event)
  const workspace = await createWorkspace(config.scratch, id, event)
  task.workspace = workspace
  const inputs = await carrier.stageIn(workspace.input, stop.signal)
  throwIfStopped(stop)
  return { id, config, document, headers, workspace, event, inputs }
}

function stageOut({ log, carrier }: Task, workspace: Workspace): Promise<string[]> {
  // What the script printed travels while its results do.
  void log.close()
  return carrier.stageOut(workspace)
}

async function timed<T>(times: StageTimes, stage: keyof StageTimes, work: () => Promise<T>): Promise<T> {
  const startedMs = monotonicMs()
  try {
    return await work()
  } finally {
    times[stage] = Math.round(monotonicMs() - startedMs)
  }
}

function throwIfStopped(stop: Stop): void {
  if (stop.reason) throw new Error('the attempt was stopped')
}

/** Removes what the attempt left; never fails, and does nothing the second time. */
export async function cleanUp(task: Task): Promise<void> {
  const { workspace, note } = task
  if (!workspace) return
  delete task.workspace
  try {
    await removeWorkspace(workspace)
  } catch (error) {
    note(`${workspace.root} could not be removed: ${asError(error).message}`)
  }
}
