/** Pauses after workers of a release could not be had: longer each time it happens in a row. */

const FIRST_MS = 1000
const MOST_MS = 30_000

/** Milliseconds without a failure after which the next one counts as the first. */
const FORGIVEN_MS = 60_000

interface Pause {
  until: number
  /** In a row. */
  failures: number
  /** Of the newest one. */
  at: number
  /** Undefined once workers can be had again. */
  words?: string
}

export class Rest {
  readonly #pauses = new Map<string, Pause>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Nothing of that release is started for a while. True when that is news. */
  begin(key: string, words: string): boolean {
    const at = this.#now()
    const earlier = this.#pauses.get(key)
    const isNew = earlier?.words !== words
    // Several workers that fail together are one failure.
    if (earlier && earlier.until > at) {
      this.#pauses.set(key, { ...earlier, words })
      return isNew
    }
    const failures = (earlier && at - earlier.at < FORGIVEN_MS ? earlier.failures : 0) + 1
    this.#pauses.set(key, { until: at + Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1)), failures, at, words })
    return isNew
  }

  /** Workers can be had again; should that fail again soon, the pauses go on where they were. */
  end(key: string): void {
    const pause = this.#pauses.get(key)
    if (pause) this.#pauses.set(key, { until: 0, failures: pause.failures, at: pause.at })
  }

  isResting(key: string): boolean {
    return (this.#pauses.get(key)?.until ?? 0) > this.#now()
  }

  /** Why there is none, by key of the release. */
  words(): Map<string, string> {
    return new Map([...this.#pauses].flatMap(([key, { words }]) => (words === undefined ? [] : [[key, words]])))
  }

  /** Forgets releases that nobody asks for any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#pauses.keys()) if (!keys.has(key)) this.#pauses.delete(key)
  }
}
