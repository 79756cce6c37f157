/** One attempt: stage in, run, stage out, report. Whatever happens becomes an outcome; nothing is thrown. */
import { asError } from '../contract/errors.js'
import { failed, type Outcome, type StageTimes } from '../contract/outcome.js'
import type { Attempt } from './api-client.js'
import { failureFrom } from './attempt-failure.js'
import { Deadline } from './deadline.js'
import type { Host } from './host.js'
import { keepLease } from './keep-lease.js'
import { LogShipper } from './log-shipper.js'
import { countMemoryKills } from './memory-kills.js'
import { programFor } from './program.js'
import { report } from './report.js'
import { ResultCapture } from './result-capture.js'
import { runFailure } from './run-failure.js'
import { runScript, type RunEnd } from './run-script.js'
import { scriptEnvironment, standardInput, type ScriptContext } from './script-environment.js'
import { stageInput } from './stage-input.js'
import { stageOutput } from './stage-output.js'
import { Stop } from './stop.js'
import { killStragglers } from './stragglers.js'
import { workingDirectoryFor } from './working-directory.js'
import { createWorkspace, removeWorkspace, type Workspace } from './workspace.js'

/** What belongs to one attempt. */
interface Undertaking {
  attempt: Attempt
  host: Host
  stop: Stop
  deadline: Deadline
  log: LogShipper
  times: StageTimes
  workspace?: Workspace
}

/** What is still to be done once an attempt has ended; neither part ever fails. */
export interface Ending {
  /** The dispatcher knows, or will not. */
  reported: Promise<void>
  /** Removes what the attempt left. */
  cleanUp(): Promise<void>
}

/** Resolves once the outcome is on its way: the next attempt may be asked for beside it. */
export async function supervise(attempt: Attempt, host: Host): Promise<Ending> {
  const undertaking = undertake(attempt, host)
  const release = watch(undertaking)
  const outcome = await carryOut(undertaking)
  // A script that filled the disk must not keep its own end from being recorded on it.
  if (outcome.outcome === 'failed') await cleanUp(undertaking)
  await undertaking.log.close()
  const reported = report({ attempt: attempt.id, outcome, reason: undertaking.stop.reason, host })
    .catch((error: unknown) => host.note(`attempt ${attempt.id}: ${asError(error).message}`))
    .finally(release)
  return { reported, cleanUp: () => cleanUp(undertaking) }
}

function undertake(attempt: Attempt, host: Host): Undertaking {
  const stop = new Stop()
  const log = new LogShipper({ now: host.now, send: (lines, signal) => host.api.log(attempt.id, lines, signal) })
  const times = { stageInMs: 0, runMs: 0, stageOutMs: 0 }
  return { attempt, host, stop, log, times, deadline: new Deadline(stop, host.now) }
}

/** Everything that may end the attempt early; the returned function lets go of it all. */
function watch({ attempt, host, stop, deadline }: Undertaking): () => void {
  const { heartbeatSeconds, leaseSeconds } = host.config.worker
  const over = new AbortController()
  const giveBack = () => stop.because({ kind: 'given-back' })
  host.shutdown.addEventListener('abort', giveBack, { once: true })
  if (host.shutdown.aborted) giveBack()
  deadline.set(attempt.document.limits.deadlineMs)
  const times = { heartbeatMs: heartbeatSeconds * 1000, leaseMs: leaseSeconds * 1000 }
  void keepLease({ attempt: attempt.id, api: host.api, stop, onDeadline: deadline.set, signal: over.signal, ...times })
  return () => {
    host.shutdown.removeEventListener('abort', giveBack)
    deadline.disarm()
    over.abort()
  }
}

/** The whole attempt as a value. Whoever stopped it has the first word on why it ended. */
async function carryOut(undertaking: Undertaking): Promise<Outcome> {
  const { stop, times } = undertaking
  const outcome = await stages(undertaking).catch((error: unknown): Outcome => failureFrom(error))
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

async function stages(undertaking: Undertaking): Promise<Outcome> {
  const { attempt, stop, deadline, times } = undertaking
  const capture = attempt.document.wantsResult ? new ResultCapture() : undefined
  const context = await timed(times, 'stageInMs', () => stageIn(undertaking))
  const kills = countMemoryKills()
  const end = await timed(times, 'runMs', () => run(undertaking, context, capture))
  deadline.disarm()
  const result = capture ? { result: capture.body() } : {}
  const failure = runFailure(end, end.exitCode !== 0 && kills !== countMemoryKills())
  if (failure) return { ...failure, ...result }
  throwIfStopped(stop)
  const outputs = await timed(times, 'stageOutMs', () => stageOut(undertaking, context.workspace))
  throwIfStopped(stop)
  return { outcome: 'succeeded', outputs, exitCode: 0, ...result }
}

async function stageIn(undertaking: Undertaking): Promise<ScriptContext> {
  const { attempt, host, stop } = undertaking
  const { document } = attempt
  const event = JSON.stringify(document.event)
  const workspace = await createWorkspace(host.config.scratch, attempt.id, event)
  undertaking.workspace = workspace
  const inputs = await stageInput(document, workspace.input, stop.signal)
  throwIfStopped(stop)
  return { config: host.config, document, workspace, event, inputs }
}

async function run({ host, stop, log }: Undertaking, context: ScriptContext, capture?: ResultCapture): Promise<RunEnd> {
  const { worker, scratch } = host.config
  setImmediate(host.prepare)
  let group: number | undefined
  try {
    const end = await runScript({
      program: programFor(worker),
      workingDirectory: await workingDirectoryFor(worker, context.workspace),
      environment: scriptEnvironment(context),
      standardInput: standardInput(context),
      scratch,
      log,
      ...(capture ? { listen: (chunk: Buffer) => capture.push(chunk) } : {}),
      stop: stop.signal,
      hurry: host.hurry,
    })
    group = end.group
    return end
  } finally {
    // Whoever outlives the script must not go on writing to results that are being published.
    killStragglers(context.workspace.output, group)
  }
}

function stageOut({ attempt, host, stop, log }: Undertaking, workspace: Workspace): Promise<string[]> {
  // What the script printed travels while its results do.
  void log.close()
  const leaseMs = host.config.worker.leaseSeconds * 1000
  return stageOutput({ attempt: attempt.id, api: host.api, workspace, stop, leaseMs })
}

async function timed<T>(times: StageTimes, stage: keyof StageTimes, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now()
  try {
    return await work()
  } finally {
    times[stage] = Math.round(performance.now() - startedMs)
  }
}

function throwIfStopped(stop: Stop): void {
  if (stop.reason) throw new Error('the attempt was stopped')
}

async function cleanUp(undertaking: Undertaking): Promise<void> {
  const { workspace, host } = undertaking
  if (!workspace) return
  delete undertaking.workspace
  try {
    await removeWorkspace(workspace)
  } catch (error) {
    host.note(`${workspace.root} could not be removed: ${asError(error).message}`)
  }
}
