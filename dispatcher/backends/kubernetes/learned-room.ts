/**
 * How many workers there is room for, learned from those that were refused: as many as had a place then, and one more
 * after a while, to try it out. When that one finds a place too there may be much more room, and twice as many are tried.
 */

/** Milliseconds after which another worker is tried at most, however often that has been in vain. */
const PAUSE_MOST_MS = 240_000

export class LearnedRoom {
  readonly #now: () => number
  readonly #firstMs: number
  /** Workers that are known to find a place; infinite until one was refused. */
  #held = Number.POSITIVE_INFINITY
  /** Workers beyond those, to be tried. */
  #tried = 0
  /** Epoch milliseconds of the last change, or of the last refusal. */
  #at = 0
  #pauseMs: number

  /** `firstMs`: milliseconds between a refusal and the next worker that is tried. */
  constructor(now: () => number, firstMs: number) {
    this.#now = now
    this.#firstMs = firstMs
    this.#pauseMs = firstMs
  }

  get slots(): number {
    return this.#held + this.#tried
  }

  /** A worker finds no place beside the `held` ones. */
  refuse(held: number): void {
    if (this.#tried > 0) this.#pauseMs = Math.min(PAUSE_MOST_MS, 2 * this.#pauseMs)
    this.#held = held
    this.#tried = 0
    this.#at = this.#now()
  }

  /** So many have a place, and none waits for one. */
  hold(held: number): void {
    if (this.#held === Number.POSITIVE_INFINITY) return
    const isMore = held > this.#held
    if (!isMore && this.#now() - this.#at < this.#pauseMs) return
    this.#at = this.#now()
    if (!isMore) return void this.#tried++
    this.#held = held
    this.#tried = Math.max(1, 2 * this.#tried)
    this.#pauseMs = this.#firstMs
  }
}
