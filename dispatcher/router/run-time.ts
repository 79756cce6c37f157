/** What is expected of one run: learned where enough runs of its kind have ended, declared until then. Pure. */
import type { DecisionTerms } from '../../runtime/contract/decision.js'
import type { RunTimes } from './run-times.js'

export interface RunTime {
  /** Seconds on average. */
  seconds: number
  /** Seconds within which 95 of 100 attempts end, as far as is known; the timeout when it is not. */
  upper: number
  /** Ended attempts that this is learned from. */
  samples: number
  basis: 'learned' | 'hint' | 'timeout'
  /** The inputs that the samples had, for people: `1 MB to 4.2 MB`. */
  sizes?: string
  /** Share of attempts that have ended after so many seconds, from 0 to 1. */
  endedBy(seconds: number): number
}

export interface Declared {
  /** seconds */
  timeout: number
  /** `routing.expectedTime`, seconds. */
  hint?: number | undefined
}

/** As declared: the hint, else the timeout, of which at least is certain that nothing takes longer. */
export function declaredRunTime({ timeout, hint }: Declared, samples = 0): RunTime {
  const seconds = hint ?? timeout
  return {
    seconds,
    upper: timeout,
    samples,
    basis: hint === undefined ? 'timeout' : 'hint',
    endedBy: (after) => (after >= seconds ? 1 : 0),
  }
}

/** A run whose time is known, as only a simulator knows it. */
export const knownRunTime = (seconds: number): RunTime => ({
  seconds,
  upper: seconds,
  samples: 1,
  basis: 'hint',
  endedBy: (after) => (after >= seconds ? 1 : 0),
})

/**
 * As learned. Of n samples the largest is exceeded once in n + 1 cases: that share is kept for times between the
 * largest one and the timeout.
 */
export function learnedRunTime(times: RunTimes, timeout: number, sizes?: string): RunTime {
  const { samples } = times
  const known = samples / (samples + 1)
  return {
    seconds: times.mean,
    upper: Math.min(timeout, times.upperBound() ?? timeout),
    samples,
    basis: 'learned',
    ...(sizes === undefined ? {} : { sizes }),
    endedBy: (after) => (after >= timeout ? 1 : known * times.endedBy(after)),
  }
}

/** What a decision says of it. */
export const runTerms = ({ seconds, upper, samples, basis, sizes }: RunTime): DecisionTerms['expectedRun'] =>
  sizes === undefined ? { seconds, upper, samples, basis } : { seconds, upper, samples, basis, sizes }
