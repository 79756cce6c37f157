/** Ends a process group: TERM, a stated wait, KILL. */
import { KILL_AFTER_SECONDS } from '../contract/worker-environment.js'
import { monotonicMs } from './monotonic.js'
import { isGroupRunning } from './processes.js'
import { wait } from './wait.js'

const LOOK_EVERY_MS = 25

/** Gives every process of the group its time to end by itself, unless `hurry` aborts. */
export async function terminateGroup(group: number, hurry: AbortSignal): Promise<void> {
  signalGroup(group, 'SIGTERM')
  const deadlineMs = monotonicMs() + KILL_AFTER_SECONDS * 1000
  while (isRunning(group) && monotonicMs() < deadlineMs && !hurry.aborted) await wait(LOOK_EVERY_MS, hurry)
  killGroup(group)
}

/** What a script left behind in its group when it ended goes with it. */
export const killGroup = (group: number): boolean => signalGroup(group, 'SIGKILL')

function isRunning(group: number): boolean {
  if (!signalGroup(group, 0)) return false
  return process.platform !== 'linux' || isGroupRunning(group)
}

function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}
