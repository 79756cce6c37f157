/** One attempt of a dispatcher: stage in, run, stage out, report. Whatever happens becomes an outcome; nothing is thrown. */
import { asError } from '../contract/errors.js'
import { formatMegabytes } from '../contract/units.js'
import type { Attempt } from './api-client.js'
import { carryOut, cleanUp, newTimes, type Carrier, type Task } from './carry-out.js'
import { Deadline } from './deadline.js'
import type { Host } from './host.js'
import { isOverfull } from './is-overfull.js'
import { keepLease } from './keep-lease.js'
import { LogShipper } from './log-shipper.js'
import { report } from './report.js'
import { stageInput } from './stage-input.js'
import { stageOutput } from './stage-output.js'
import { Stop, type StopReason } from './stop.js'

/** What is still to be done once an attempt has ended; neither part ever fails. */
export interface Ending {
  /** The dispatcher knows, or will not; to the next attempt, if it came with the answer. */
  reported: Promise<Attempt | undefined>
  /** Removes what the attempt left. */
  cleanUp(): Promise<void>
}

/** Resolves once the outcome is on its way. */
export async function supervise(attempt: Attempt, host: Host): Promise<Ending> {
  const stop = new Stop()
  const deadline = new Deadline(stop, host.now)
  const task = undertake({ attempt, host, stop, deadline })
  const release = watch({ attempt, host, stop, deadline })
  const outcome = await carryOut(task)
  // A script that filled the disk must not keep its own end from being recorded on it.
  if (outcome.outcome === 'failed') await cleanUp(task)
  await task.log.close()
  const reported = report({ attempt: attempt.id, outcome, reason: stop.reason, host })
    .catch((error: unknown) => {
      host.note(`attempt ${attempt.id}: ${asError(error).message}`)
      return undefined
    })
    .finally(release)
  return { reported, cleanUp: () => cleanUp(task) }
}

interface Watched {
  attempt: Attempt
  host: Host
  stop: Stop
  deadline: Deadline
}

function undertake({ attempt, host, stop, deadline }: Watched): Task {
  const { api, config, runner, hurry, note } = host
  return {
    id: attempt.id,
    document: attempt.document,
    headers: attempt.headers,
    config,
    runner,
    carrier: grantedFiles(attempt, host, stop),
    stop,
    log: new LogShipper({ now: host.now, send: (lines, signal) => api.log(attempt.id, lines, signal) }),
    hurry,
    onScriptEnd: () => deadline.disarm(),
    note,
    times: newTimes(),
  }
}

/** Files come and go by grants of the dispatcher. */
function grantedFiles({ id, document }: Attempt, { api, config }: Host, stop: Stop): Carrier {
  const leaseMs = config.worker.leaseSeconds * 1000
  return {
    stageIn: (directory, signal) => stageInput(document, directory, signal),
    stageOut: (workspace) => stageOutput({ attempt: id, api, workspace, stop, leaseMs }),
  }
}

/** Its place was taken away because it filled its disk: given back it would only do so again. */
function overfull({ document }: Attempt, { config, now }: Host): StopReason | undefined {
  const { limitedDirectories = [] } = config.worker
  const { ephemeralStorageSize: megabytes } = document.limits
  if (!isOverfull(limitedDirectories, megabytes, now)) return undefined
  const message = `the scratch space holds more than ${formatMegabytes(megabytes)}. Set a larger ephemeralStorageSize.`
  return { kind: 'failed', cause: 'no-space', message }
}

/** Everything that may end the attempt early; the returned function lets go of it all. */
function watch({ attempt, host, stop, deadline }: Watched): () => void {
  const { heartbeatSeconds, leaseSeconds } = host.config.worker
  const over = new AbortController()
  const giveBack = () => stop.because(overfull(attempt, host) ?? { kind: 'given-back' })
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
