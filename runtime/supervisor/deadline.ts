/** Stops an attempt at a time that may still be moved. */
import { formatSeconds } from '../contract/units.js'
import type { Stop } from './stop.js'
import { wait } from './wait.js'

export class Deadline {
  #timer = new AbortController()
  #isOver = false
  readonly #startedMs: number

  constructor(
    private readonly stop: Stop,
    private readonly now: () => number,
  ) {
    this.#startedMs = now()
  }

  /** Epoch milliseconds */
  readonly set = (deadlineMs: number): void => {
    this.#timer.abort()
    if (this.#isOver) return
    this.#timer = new AbortController()
    void this.#waitFor(deadlineMs, this.#timer.signal)
  }

  /** The script has ended: what is left to do no longer counts as its time. */
  disarm(): void {
    this.#isOver = true
    this.#timer.abort()
  }

  async #waitFor(deadlineMs: number, signal: AbortSignal): Promise<void> {
    while (this.now() < deadlineMs && !signal.aborted) await wait(deadlineMs - this.now(), signal)
    if (signal.aborted) return
    const seconds = formatSeconds(Math.max(0, deadlineMs - this.#startedMs) / 1000)
    const message = `the script had not ended after ${seconds}, the timeout of the function, and was stopped`
    this.stop.because({ kind: 'failed', cause: 'timeout', message })
  }
}
