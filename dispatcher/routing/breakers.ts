/** The breaker of each back-end, moved by what becomes of attempts there. In memory: a start is a chance for all. */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { Cause } from '../../runtime/contract/outcome.js'
import { CLOSED, onAttempt, onEnd, usableFrom, type Breaker } from '../router/breaker.js'

export class Breakers {
  readonly #breakers = new Map<BackendName, Breaker>()

  of(backend: BackendName): Breaker {
    return this.#breakers.get(backend) ?? CLOSED
  }

  isUsable(backend: BackendName, now: number): boolean {
    return usableFrom(this.of(backend)) <= now
  }

  started(backend: BackendName, now: number): void {
    this.#breakers.set(backend, onAttempt(this.of(backend), now))
  }

  ended(backend: BackendName, cause: Cause | undefined, now: number): void {
    this.#breakers.set(backend, onEnd(this.of(backend), cause, now))
  }
}
