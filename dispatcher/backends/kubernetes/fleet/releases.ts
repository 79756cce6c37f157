/** What the fleet knows of each release: the work that waits, and what keeps workers of it from coming up. */
import type { Release } from '../../../../runtime/contract/release.js'
import type { Demand } from '../../backend.js'
import { keyOf } from './members.js'
import { Rest } from './rest.js'
import { Suspicions, type Fault } from './suspicions.js'

export class Releases {
  readonly #demands = new Map<string, Demand>()
  readonly #rest: Rest
  readonly #suspicions: Suspicions

  constructor(now: () => number) {
    this.#rest = new Rest(now)
    this.#suspicions = new Suspicions(now)
  }

  /** What is not among the demands is forgotten. */
  remember(demands: readonly Demand[]): Set<string> {
    this.#demands.clear()
    for (const demand of demands) this.#demands.set(keyOf(demand.release), demand)
    const keys = new Set(this.#demands.keys())
    this.#rest.keep(keys)
    this.#suspicions.keep(keys)
    return keys
  }

  get(key: string): Release | undefined {
    return this.#demands.get(key)?.release
  }

  demands(): Demand[] {
    return [...this.#demands.values()]
  }

  isFaulty(key: string): boolean {
    return this.#suspicions.isBlamed(key)
  }

  isResting(key: string): boolean {
    return this.#rest.isResting(key)
  }

  words(): Map<string, string> {
    return this.#rest.words()
  }

  /** Starts nothing of it for a while; true when the words are news. */
  pause(key: string, words: string): boolean {
    return this.#rest.begin(key, words)
  }

  /** Why the function is not to blame for a worker that could not start; undefined: it is. */
  excuse(key: string, fault: Fault): string | undefined {
    return this.#suspicions.excuse(key, fault)
  }

  /** Answers how many invocations wait in vain for a function that is at fault, once. */
  blame(key: string): number {
    const demand = this.#demands.get(key)
    const waiting = demand?.queued ?? 0
    if (demand) demand.queued = 0
    return waiting
  }

  /** A worker of it has come up. */
  clear(key: string): void {
    this.#suspicions.acquit(key)
    this.#rest.end(key)
  }
}
