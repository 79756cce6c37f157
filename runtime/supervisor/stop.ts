/** Why an attempt must end before its script does. Many things may want that; the first one counts. */
import type { Cause } from '../contract/outcome.js'

export type StopReason =
  | { kind: 'failed'; cause: Cause; message: string }
  /** Another attempt has taken over, or the dispatcher has been out of reach for a lease: nothing is reported. */
  | { kind: 'fenced' | 'out-of-reach' }
  /** The worker was asked to stop. */
  | { kind: 'given-back' }

export class Stop {
  readonly #controller = new AbortController()
  #reason: StopReason | undefined

  get reason(): StopReason | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  because(reason: StopReason): void {
    if (this.#reason) return
    this.#reason = reason
    this.#controller.abort()
  }
}
