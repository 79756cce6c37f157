/** Collects what comes one by one and passes it on in batches; what could not be passed on is tried again. */
import { setTimeout as delay } from 'node:timers/promises'

const BATCH_MAX = 500

export class Batcher<T> {
  readonly #pass: (batch: T[]) => Promise<unknown>
  readonly #againMs: number
  readonly #failed: (thrown: unknown) => void
  readonly #closed = new AbortController()
  #waiting: T[] = []
  #run: Promise<void> | undefined

  constructor(pass: (batch: T[]) => Promise<unknown>, againMs: number, failed: (thrown: unknown) => void) {
    this.#pass = pass
    this.#againMs = againMs
    this.#failed = failed
  }

  add(item: T): void {
    this.#waiting.push(item)
    this.#run ??= this.#passAll()
  }

  /** Resolves when everything so far has been passed on. */
  async idle(): Promise<void> {
    await this.#run
  }

  /** What has not been passed on by then is dropped; its source reports it again. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#run
  }

  async #passAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed.signal.aborted) {
      const batch = this.#waiting.splice(0, BATCH_MAX)
      await this.#pass(batch).catch((thrown: unknown) => this.#putBack(batch, thrown))
    }
    this.#run = undefined
  }

  async #putBack(batch: T[], thrown: unknown): Promise<void> {
    this.#failed(thrown)
    this.#waiting.unshift(...batch)
    await delay(this.#againMs, undefined, { signal: this.#closed.signal }).catch(() => undefined)
  }
}
