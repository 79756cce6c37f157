/** When a run on Lambda must stop so that there is time left to say how it ended. Pure. */
import { KILL_AFTER_SECONDS } from '../../contract/worker-environment.js'

export interface TimeLimits {
  /** Epoch milliseconds at which the script gets SIGTERM. */
  termMs: number
  /** Epoch milliseconds at which it gets SIGKILL, whatever it is doing. */
  killMs: number
}

/** Milliseconds before Lambda's own end at which everything is over but the report. */
const REPORT_MS = 2000
const MARGIN_MS = KILL_AFTER_SECONDS * 1000 + REPORT_MS
/** A short time is not spent on the margin: it takes no more than this share. */
const MARGIN_SHARE = 0.25

export interface Times {
  nowMs: number
  /** When Lambda ends it, epoch milliseconds. */
  lambdaDeadlineMs: number
  /** The function's own limit. */
  timeoutMs: number
}

export function timeLimits({ nowMs, lambdaDeadlineMs, timeoutMs }: Times): TimeLimits {
  const marginMs = Math.min(MARGIN_MS, Math.max(0, lambdaDeadlineMs - nowMs) * MARGIN_SHARE)
  const killMs = lambdaDeadlineMs - Math.min(REPORT_MS, marginMs / 2)
  return { termMs: Math.round(Math.min(nowMs + timeoutMs, lambdaDeadlineMs - marginMs)), killMs: Math.round(killMs) }
}
