/** The breaker of each back-end, moved by what becomes of attempts there. In memory: a start is a chance for all. */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { Cause } from '../../runtime/contract/outcome.js'
import { CLOSED, onAttempt, onCalledOff, onEnd, usableFrom, type Breaker } from '../router/breaker.js'

export class Breakers {
  readonly #breakers = new Map<BackendName, Breaker>()
  /** The invocation that tries whether a back-end is well again. */
  readonly #probes = new Map<BackendName, string>()

  of(backend: BackendName): Breaker {
    return this.#breakers.get(backend) ?? CLOSED
  }

  isUsable(backend: BackendName, now: number): boolean {
    return usableFrom(this.of(backend)) <= now
  }

  started(backend: BackendName, invocation: string, now: number): void {
    const before = this.of(backend)
    const after = onAttempt(before, now)
    if (after === before) return
    this.#breakers.set(backend, after)
    this.#probes.set(backend, invocation)
  }

  /** It was cancelled, or no worker got to see it. */
  calledOff(invocation: string, now: number): void {
    for (const [backend, probe] of this.#probes)
      if (probe === invocation) {
        this.#probes.delete(backend)
        this.#breakers.set(backend, onCalledOff(this.of(backend), now))
      }
  }

  ended(backend: BackendName, cause: Cause | undefined, now: number): void {
    const after = onEnd(this.of(backend), cause, now)
    this.#breakers.set(backend, after)
    if (after.state !== 'half-open') this.#probes.delete(backend)
  }
}
