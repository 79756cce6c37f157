/** Carries out one run on Lambda within the time that there is. Whatever happens becomes an outcome. */
import type { Outcome } from '../../contract/outcome.js'
import { carryOut, cleanUp, newTimes, type Carrier, type Task } from '../carry-out.js'
import { Deadline } from '../deadline.js'
import type { LogShipper } from '../log-shipper.js'
import type { TaskDocument } from '../script-environment.js'
import type { Stop } from '../stop.js'
import { wait } from '../wait.js'
import type { LambdaHost } from './lambda-host.js'
import { timeLimits, type Times } from './time-limits.js'

export interface LambdaRun {
  host: LambdaHost
  /** Names its workspace. */
  id: string
  document: Omit<TaskDocument, 'limits'>
  headers: Record<string, string>
  release: number
  times: Omit<Times, 'nowMs'>
  carrier: Carrier
  log: LogShipper
  stop: Stop
}

/** Resolves when nothing of the run is left but its outcome. */
export async function undertake(run: LambdaRun): Promise<Outcome> {
  const { host, stop, log, times } = run
  const { termMs, killMs } = timeLimits({ ...times, nowMs: host.now() })
  const [over, hurry] = [new AbortController(), new AbortController()]
  const task = taskOf(run, termMs, hurry.signal)
  const deadline = new Deadline(stop, host.now)
  deadline.set(termMs)
  void wait(killMs - host.now(), over.signal).then(() => hurry.abort())
  const shutDown = () => {
    stop.because({ kind: 'failed', cause: 'evicted', message: 'the sandbox is shut down' })
    hurry.abort()
  }
  host.shutdown.addEventListener('abort', shutDown, { once: true })
  try {
    return await carryOut(task)
  } finally {
    host.shutdown.removeEventListener('abort', shutDown)
    deadline.disarm()
    over.abort()
    await log.close()
    await cleanUp(task)
  }
}

/** Results must be sent before the time is up too: the end of the script ends nothing. */
function taskOf(run: LambdaRun, deadlineMs: number, hurry: AbortSignal): Task {
  const { host, id, document, headers, release, carrier, stop, log } = run
  const { ephemeralStorageSize } = host.config.file.limits
  return {
    id,
    document: { ...document, limits: { deadlineMs, ephemeralStorageSize } },
    headers,
    config: host.workerOf(release),
    runner: host.runner,
    carrier,
    stop,
    log,
    hurry,
    onScriptEnd: () => undefined,
    note: host.note,
    times: newTimes(),
  }
}
