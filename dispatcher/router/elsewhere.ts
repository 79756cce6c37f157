/** After failures: where the next attempt can succeed. Pure. */
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import { specFor } from '../../runtime/contract/function-spec.js'
import type { Reason } from '../../runtime/contract/decision.js'
import { CAUSES, type Cause } from '../../runtime/contract/outcome.js'
import { formatMegabytes, formatSeconds } from '../../runtime/contract/units.js'
import type { BackendLimits } from '../backends/backend.js'
import { ILL_MAX_MS, ILL_MS, isBackendFault } from './breaker.js'
import type { PastFailure } from './situation.js'

type Sized = Pick<FunctionSpec, 'timeout' | 'memorySize' | 'ephemeralStorageSize'>

/** Causes that more of something cures, and how much of it a back-end gives. */
const CURED_BY_MORE: Readonly<Partial<Record<Cause, Cure>>> = Object.freeze({
  timeout: cure('timeout', 'timeoutMax', formatSeconds),
  'out-of-memory': cure('memorySize', 'memoryMax', formatMegabytes),
  'no-space': cure('ephemeralStorageSize', 'ephemeralStorageMax', formatMegabytes),
  'input-too-large': cure('ephemeralStorageSize', 'ephemeralStorageMax', formatMegabytes),
})

interface Cure {
  given(spec: FunctionSpec, limits: BackendLimits): number
  format(amount: number): string
}

function cure(key: keyof Sized, limit: 'timeoutMax' | 'memoryMax' | 'ephemeralStorageMax', format: Cure['format']) {
  return {
    given: (spec: FunctionSpec, limits: BackendLimits) =>
      Math.min(specFor(spec, limits.name)[key], limits[limit] ?? Infinity),
    format,
  }
}

export interface Elsewhere {
  spec: FunctionSpec
  failures: readonly PastFailure[]
  /** Those that could run it if nothing had happened. */
  able: readonly BackendLimits[]
  /** All that are configured; one of them is where it failed. */
  all: readonly BackendLimits[]
}

export interface PassingFault {
  backend: BackendName
  cause: Cause
  /** Epoch milliseconds. */
  until: number
}

/** The fault of a back-end that the last attempt ended with. Time cures it, so work stays away from there for a while only. */
export function passingFault(failures: readonly PastFailure[], now: number): PassingFault | undefined {
  const last = failures.at(-1)
  if (!last || !isBackendFault(last.cause)) return undefined
  const { backend, cause, at = now } = last
  const other = failures.findLastIndex((failure) => failure.backend !== backend || !isBackendFault(failure.cause))
  const inRow = failures.length - 1 - other
  const until = at + Math.min(ILL_MAX_MS, ILL_MS * 2 ** (inRow - 1))
  return until > now ? { backend, cause, until } : undefined
}

/**
 * Back-ends to stay away from for good, with the reason. As long as one is left: a failure that none of the others can
 * cure is tried again where it happened.
 */
export function afterFailures({ spec, failures, able, all }: Elsewhere): Map<BackendName, Reason> {
  const avoided = new Map<BackendName, Reason>()
  for (const failure of failures) {
    if (!CAUSES[failure.cause].elsewhere || isBackendFault(failure.cause)) continue
    const found = able
      .filter(({ name }) => !avoided.has(name))
      .map((limits) => ({
        limits,
        why: whyAvoid({ spec, failure, limits, all }),
      }))
    if (found.every(({ why }) => why !== undefined)) continue
    for (const { limits, why } of found)
      if (why !== undefined)
        avoided.set(limits.name, { code: 'failed-there', backend: limits.name, text: `${limits.name}: ${why}` })
  }
  return avoided
}

interface Question {
  spec: FunctionSpec
  failure: PastFailure
  limits: BackendLimits
  all: readonly BackendLimits[]
}

function whyAvoid({ spec, failure: { backend, cause }, limits, all }: Question): string | undefined {
  const more = CURED_BY_MORE[cause]
  if (!more) return limits.name === backend ? `an attempt there ended with ${cause}` : undefined
  const failedOn = all.find(({ name }) => name === backend)
  if (!failedOn) return undefined
  const had = more.given(spec, failedOn)
  const given = more.given(spec, limits)
  if (given > had) return undefined
  const there = limits.name === backend ? 'there' : `on ${backend}`
  return `an attempt ${there} ended with ${cause} at ${more.format(had)}, and it gives no more than ${more.format(given)}`
}
