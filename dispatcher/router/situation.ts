/** What a decision is made from: the work, and how things stand. Plain data; nothing here is looked up while deciding. */
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { Cause } from '../../runtime/contract/outcome.js'
import type { BackendLimits } from '../backends/backend.js'
import type { Breaker } from './breaker.js'
import type { RunTimeSource } from './history.js'
import type { Load, WaitCorrection } from './load/load.js'
import type { Price } from './prices.js'
import { declaredRunTime } from './run-time.js'
import type { Spending } from './spending.js'

export interface Work {
  /** Full name; run times are learned under it. */
  function: string
  spec: FunctionSpec
  /** bytes */
  inputBytes: number
  /** Epoch milliseconds; waiting and deadlines count from here. Absent: now. */
  acceptedAt?: number
  /** Attempts of it that have failed, oldest first. */
  failures?: readonly PastFailure[]
  /** It has gone over the spillway once: short of a failure it does not come back. */
  moved?: boolean
}

export interface PastFailure {
  backend: BackendName
  cause: Cause
  /** When that was, epoch milliseconds; absent: now. */
  at?: number
}

export interface BackendState {
  limits: BackendLimits
  /** Absent: the list price. */
  price?: Price
  /** Of a private back-end. Absent: nobody knows how long work waits there. */
  load?: Load
  /** Of a private back-end: seconds until a free slot takes work, because no worker waits for it; 0 when absent. */
  bootSeconds?: number
  /** Of a public back-end: attempts that it takes now beside those that are about to go there; absent: any number. */
  room?: number
  /** Absent: it is well. */
  breaker?: Breaker
  /** Seconds from going public until the script starts; 0 when absent. */
  startSeconds?: number
}

export interface Situation {
  /** Epoch milliseconds. */
  now: number
  backends: readonly BackendState[]
  runTimes: RunTimeSource
  /** How forecasts came true, by size of the work; absent: not known yet. */
  corrections?: readonly WaitCorrection[]
  /** What counts against the money budget of this work; absent: nothing was spent. */
  spending?: Spending
}

/** Nothing runs and nothing is known but the back-ends themselves. */
export const atRest = (backends: readonly BackendLimits[], now: number): Situation => ({
  now,
  backends: backends.map((limits) => ({ limits })),
  runTimes: { expected: declaredRunTime },
})
