/**
 * How many attempts may run at once: what was configured, what the account has, and for a while after Lambda has refused
 * one no more than it took. Others may use the same account, so the last word is Lambda's. No I/O.
 */

/** Milliseconds after which one more is tried than Lambda took last. */
const GROW_EVERY_MS = 1000

interface Ceiling {
  attempts: number
  sinceMs: number
}

export class Concurrency {
  /** Of the account; undefined while it is not known. */
  account: number | undefined
  readonly #configured: number
  readonly #now: () => number
  /** By function. */
  readonly #running = new Map<string, number>()
  readonly #ceilings = new Map<string, Ceiling>()
  #ceiling: Ceiling | undefined

  constructor(configured: number | undefined, now: () => number) {
    this.#configured = configured ?? Infinity
    this.#now = now
  }

  get running(): number {
    return [...this.#running.values()].reduce((sum, count) => sum + count, 0)
  }

  get limit(): number {
    return Math.min(this.#configured, this.account ?? Infinity, this.#height(this.#ceiling))
  }

  /** How many more of that function may be called for. */
  roomFor(functionName: string): number {
    const own = this.#height(this.#ceilings.get(functionName)) - this.#runningOf(functionName)
    return Math.max(0, Math.min(this.limit - this.running, own))
  }

  enter(functionName: string): void {
    this.#running.set(functionName, this.#runningOf(functionName) + 1)
  }

  leave(functionName: string): void {
    const left = this.#runningOf(functionName) - 1
    if (left > 0) this.#running.set(functionName, left)
    else this.#running.delete(functionName)
  }

  /** The account is full, or the function if it is a matter of its own reservation; one of those counted was refused. */
  refused(functionName: string, isOwn: boolean): void {
    const taken = (isOwn ? this.#runningOf(functionName) : this.running) - 1
    const ceiling = { attempts: Math.max(1, taken), sinceMs: this.#now() }
    if (isOwn) this.#ceilings.set(functionName, ceiling)
    else this.#ceiling = ceiling
  }

  #runningOf(functionName: string): number {
    return this.#running.get(functionName) ?? 0
  }

  #height(ceiling: Ceiling | undefined): number {
    return ceiling ? ceiling.attempts + Math.floor((this.#now() - ceiling.sinceMs) / GROW_EVERY_MS) : Infinity
  }
}
