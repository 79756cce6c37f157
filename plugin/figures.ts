/** Invocations of some time -> the figures of `serverless metrics`. */
import type { InvocationSummary } from '../runtime/contract/dispatcher-api.js'
import { isEnded, type State } from '../runtime/contract/invocation.js'
import { CAUSE_NAMES, type Cause } from '../runtime/contract/outcome.js'

export interface Figures {
  invocations: number
  succeeded: number
  cancelled: number
  /** Those that wait or run. */
  open: number
  /** Those whose last attempt was refused by a back-end that was full. */
  throttles: number
  /** Those that failed for good, by cause, most first. */
  errors: { cause: Cause; count: number }[]
  /** Milliseconds from start to end of the attempt that counted; undefined where none has ended. */
  duration?: { average: number; p50: number; p95: number }
}

export function figuresOf(summaries: readonly InvocationSummary[]): Figures {
  const count = (state: State) => summaries.filter((summary) => summary.state === state).length
  const durations = summaries.flatMap(durationOf).sort((a, b) => a - b)
  return {
    invocations: summaries.length,
    succeeded: count('succeeded'),
    cancelled: count('cancelled'),
    open: summaries.filter(({ state }) => !isEnded(state)).length,
    throttles: summaries.filter(({ cause }) => cause === 'throttled').length,
    errors: errorsOf(summaries),
    ...(durations.length > 0 ? { duration: describe(durations) } : {}),
  }
}

function errorsOf(summaries: readonly InvocationSummary[]): Figures['errors'] {
  const failed = summaries.filter(({ state }) => state === 'failed')
  return CAUSE_NAMES.map((cause) => ({ cause, count: failed.filter((summary) => summary.cause === cause).length }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
}

/** What was cancelled has no duration that says anything, and what never started has none. */
function durationOf({ state, startedAt, endedAt }: InvocationSummary): number[] {
  if (state !== 'succeeded' && state !== 'failed') return []
  return startedAt === undefined || endedAt === undefined ? [] : [endedAt - startedAt]
}

function describe(sorted: readonly number[]): NonNullable<Figures['duration']> {
  const average = sorted.reduce((sum, duration) => sum + duration, 0) / sorted.length
  return { average, p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) }
}

/** The nearest rank: a duration that did occur. */
const percentile = (sorted: readonly number[], share: number) => sorted[Math.ceil(share * sorted.length) - 1]!
