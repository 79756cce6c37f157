/**
 * The breakers of each back-end, moved by what becomes of attempts there: one for the back-end, and one for each function
 * that has faults of its own on it. In memory: a start is a chance for all.
 */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { Outcome } from '../../runtime/contract/outcome.js'
import { CLOSED, isBackendFault, onAttempt, onCalledOff, onEnd, usableFrom, type Breaker } from '../router/breaker.js'

/** A function on a back-end. */
export interface Place {
  backend: BackendName
  function: string
}

export class Breakers {
  /** By back-end, or by place; closed ones without a fault are left out. */
  readonly #breakers = new Map<string, Breaker>()
  /** The invocation that tries whether a back-end is well again. */
  readonly #probes = new Map<string, string>()

  /** Of the back-end alone, or whichever keeps the function away from it for longer. */
  of(backend: BackendName, functionName?: string): Breaker {
    if (this.#breakers.size === 0) return CLOSED
    const common = this.#get(backend)
    if (functionName === undefined) return common
    const own = this.#get(keyOf({ backend, function: functionName }))
    return usableFrom(own) > usableFrom(common) ? { ...own, ofFunction: true } : common
  }

  isUsable({ backend, function: name }: Place, now: number): boolean {
    return usableFrom(this.of(backend, name)) <= now
  }

  started(place: Place, invocation: string, now: number): void {
    for (const key of [place.backend, keyOf(place)]) {
      const before = this.#get(key)
      const after = onAttempt(before, now)
      if (after === before) continue
      this.#set(key, after)
      this.#probes.set(key, invocation)
    }
  }

  /** It was cancelled, or no worker got to see it. */
  calledOff(invocation: string, now: number): void {
    for (const [key, probe] of this.#probes)
      if (probe === invocation) {
        this.#probes.delete(key)
        this.#set(key, onCalledOff(this.#get(key), now))
      }
  }

  /** A fault of the function alone is an answer of the back-end. */
  ended(place: Place, outcome: Outcome, now: number): void {
    const { cause, ofFunction = false } = outcome.outcome === 'failed' ? outcome : {}
    this.#move(place.backend, (breaker) => onEnd(breaker, ofFunction ? undefined : cause, now))
    // Where the back-end itself is at fault, nothing has been learned of the function.
    const isNews = ofFunction || cause === undefined || !isBackendFault(cause)
    this.#move(keyOf(place), (breaker) => (isNews ? onEnd(breaker, cause, now) : onCalledOff(breaker, now)))
  }

  #move(key: string, to: (breaker: Breaker) => Breaker): void {
    const after = to(this.#get(key))
    this.#set(key, after)
    if (after.state !== 'half-open') this.#probes.delete(key)
  }

  #get(key: string): Breaker {
    return this.#breakers.get(key) ?? CLOSED
  }

  #set(key: string, breaker: Breaker): void {
    if (breaker.faults === 0) this.#breakers.delete(key)
    else this.#breakers.set(key, breaker)
  }
}

const keyOf = ({ backend, function: name }: Place) => `${backend} ${name}`
