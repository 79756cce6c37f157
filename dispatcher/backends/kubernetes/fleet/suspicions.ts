/** Whether workers that cannot start are the fault of their function: one node, or one bad moment, is no proof of it. */

/** Rounds of workers that must fail one after the other, none of them up in between, before the function is blamed. */
const ROUNDS = Object.freeze({
  /** What is said would be the same on every node. */
  plain: 1,
  /** It may have been the node's. */
  doubtful: 2,
  /** Workers of it have come up before, from the same image. */
  proven: 3,
})

export interface Fault {
  /** Epoch milliseconds at which the worker was made. */
  createdAt: number
  isDoubtful: boolean
  /** Others of the release are up, or on their way without trouble. */
  othersDoBetter: boolean
}

interface Suspicion {
  hasComeUp: boolean
  rounds: number
  /** Epoch milliseconds of the newest fault. */
  at: number
  isBlamed: boolean
}

const NONE: Suspicion = Object.freeze({ hasComeUp: false, rounds: 0, at: -Infinity, isBlamed: false })

export class Suspicions {
  readonly #suspicions = new Map<string, Suspicion>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Why the function is not to blame for it; undefined: it is. */
  excuse(key: string, { createdAt, isDoubtful, othersDoBetter }: Fault): string | undefined {
    if (othersDoBetter) return 'other workers of it do better'
    const { hasComeUp, rounds: before, at } = this.#suspicions.get(key) ?? NONE
    // Several that were there together are one round.
    const rounds = createdAt > at ? before + 1 : before
    const isBlamed = rounds >= ROUNDS[hasComeUp ? 'proven' : isDoubtful ? 'doubtful' : 'plain']
    this.#suspicions.set(key, { hasComeUp, rounds, at: this.#now(), isBlamed })
    if (isBlamed) return undefined
    return hasComeUp ? 'others have come up before' : 'that may pass'
  }

  /** The newest worker of it could not start, by a fault of the function. */
  isBlamed(key: string): boolean {
    return this.#suspicions.get(key)?.isBlamed ?? false
  }

  /** A worker of it has come up. */
  acquit(key: string): void {
    this.#suspicions.set(key, { ...NONE, hasComeUp: true })
  }

  /** Forgets releases that nobody asks for any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#suspicions.keys()) if (!keys.has(key)) this.#suspicions.delete(key)
  }
}
