/**
 * Keeps work away from a back-end that is ill. A machine of three states; every move is here, and the clock is an
 * argument.
 *
 * - closed: work goes there. FAULTS_MAX faults of the back-end in a row open it; a success starts the count anew.
 * - open: no work goes there until `retryAt`; then it is half-open.
 * - half-open: one attempt goes there as a probe. A success closes it, a fault opens it again, for twice as long; a
 *   probe that is not heard of for PROBE_MS is given up, and the next one may go; so it is at once when the probe is
 *   called off.
 */
import { CAUSES, type Cause } from '../../runtime/contract/outcome.js'

const FAULTS_MAX = 5
/** Milliseconds that a back-end is given to get well after a fault; twice as long each time in a row, up to the second. */
export const ILL_MS = 30_000
export const ILL_MAX_MS = 15 * 60_000
/** A probe may run as long as Lambda lets anything run. */
const PROBE_MS = 15 * 60_000

/** Plain data, so that it can be stored and shown. */
export interface Breaker {
  state: 'closed' | 'open' | 'half-open'
  /** Faults in a row. */
  faults: number
  /** Epoch milliseconds: open until then, or (half-open) when the probe is given up; 0 when neither. */
  retryAt: number
  /** Milliseconds for which it opens the next time. */
  openMs: number
  /** The fault that opened it. */
  why?: Cause
  /** It is that of one function there; the back-end itself is well. */
  ofFunction?: true
}

export const CLOSED: Breaker = Object.freeze({ state: 'closed', faults: 0, retryAt: 0, openMs: ILL_MS })

/** Faults of a back-end are those that another one may cure and that nobody's script is to blame for. */
export const isBackendFault = (cause: Cause): boolean => CAUSES[cause].elsewhere && !CAUSES[cause].userFault

/** Epoch milliseconds from when work may go there; `now` or earlier: at once. */
export const usableFrom = ({ state, retryAt }: Breaker): number => (state === 'closed' ? 0 : retryAt)

/** An attempt starts there: when the breaker is not closed, it is the probe. */
export function onAttempt(breaker: Breaker, now: number): Breaker {
  if (breaker.state === 'closed' || now < breaker.retryAt) return breaker
  return { ...breaker, state: 'half-open', retryAt: now + PROBE_MS }
}

/** The probe was called off before it could tell anything. */
export const onCalledOff = (breaker: Breaker, now: number): Breaker =>
  breaker.state === 'half-open' ? { ...breaker, state: 'open', retryAt: now } : breaker

/**
 * An attempt there ended with anything but a fault of the back-end: a script that failed has been run. While it is open,
 * that was one which had started before.
 */
export const onAnswer = (breaker: Breaker): Breaker =>
  breaker.faults === 0 || breaker.state === 'open' ? breaker : CLOSED

export function onFault(breaker: Breaker, cause: Cause, now: number): Breaker {
  const faults = breaker.faults + 1
  if (breaker.state === 'closed' && faults < FAULTS_MAX) return { ...breaker, faults }
  // What had started before it opened says nothing new.
  if (breaker.state === 'open' && now < breaker.retryAt) return { ...breaker, faults }
  const openMs = Math.min(ILL_MAX_MS, breaker.openMs * 2)
  return { state: 'open', faults, retryAt: now + breaker.openMs, openMs, why: cause }
}

/** What an ended attempt does to the breaker of its back-end. */
export function onEnd(breaker: Breaker, cause: Cause | undefined, now: number): Breaker {
  return cause !== undefined && isBackendFault(cause) ? onFault(breaker, cause, now) : onAnswer(breaker)
}
