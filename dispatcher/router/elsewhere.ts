/** After failures: where the next attempt can succeed. Pure. */
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import { specFor } from '../../runtime/contract/function-spec.js'
import type { Reason } from '../../runtime/contract/decision.js'
import { CAUSES, type Cause } from '../../runtime/contract/outcome.js'
import { formatMegabytes, formatSeconds } from '../../runtime/contract/units.js'
import type { BackendLimits } from '../backends/backend.js'
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

/**
 * Back-ends to stay away from, with the reason. As long as one is left: a failure that none of the others can cure is
 * tried again where it happened.
 */
export function afterFailures({ spec, failures, able, all }: Elsewhere): Map<BackendName, Reason> {
  const avoided = new Map<BackendName, Reason>()
  for (const [index, failure] of failures.entries()) {
    if (!CAUSES[failure.cause].elsewhere) continue
    const found = able
      .filter(({ name }) => !avoided.has(name))
      .map((limits) => ({
        limits,
        why: whyAvoid({ spec, failure, limits, all, isLast: index === failures.length - 1 }),
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
  isLast: boolean
}

function whyAvoid({ spec, failure: { backend, cause }, limits, all, isLast }: Question): string | undefined {
  const more = CURED_BY_MORE[cause]
  if (!more)
    return isMeant(cause, isLast) && limits.name === backend ? `an attempt there ended with ${cause}` : undefined
  const failedOn = all.find(({ name }) => name === backend)
  if (!failedOn) return undefined
  const had = more.given(spec, failedOn)
  const given = more.given(spec, limits)
  if (given > had) return undefined
  const there = limits.name === backend ? 'there' : `on ${backend}`
  return `an attempt ${there} ended with ${cause} at ${more.format(had)}, and it gives no more than ${more.format(given)}`
}

/** An image that could not be pulled will not be the next time; a back-end that had no room may have some again. */
const isMeant = (cause: Cause, isLast: boolean) => cause === 'image' || isLast
