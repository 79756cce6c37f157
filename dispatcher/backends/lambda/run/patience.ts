/** How long something is waited for, and how long between two looks. */
import { setTimeout as delay } from 'node:timers/promises'

export interface Waits {
  /** Milliseconds before the first new try; they double. */
  first: number
  /** Most milliseconds between two. */
  most: number
  /** Milliseconds after which it is given up. */
  total: number
}

/** Gives up after its time; a new one begins for each thing that is waited for. */
export class Patience {
  readonly #waits: Waits
  readonly #now: () => number
  readonly #untilMs: number
  #tries = 0

  constructor(waits: Waits, now: () => number) {
    this.#waits = waits
    this.#now = now
    this.#untilMs = now() + waits.total
  }

  get isOver(): boolean {
    return this.#now() >= this.#untilMs
  }

  /** Waits before the next try; with jitter, as many may wait for the same. Rejects when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const { first, most } = this.#waits
    const milliseconds = Math.min(first * 2 ** this.#tries++, most) * (0.5 + Math.random() / 2)
    await delay(Math.min(milliseconds, Math.max(1, this.#untilMs - this.#now())), undefined, { signal })
  }
}
