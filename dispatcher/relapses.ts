/** Places that take results again and then no more, as full disks do: they are asked later each time. */

/** Milliseconds without a relapse after which a place has been well. */
const WELL_MS = 600_000

/** Milliseconds from the third time on; they double. */
const FIRST_MS = 1000
const MOST_MS = 60_000

export class Relapses {
  /** By place: how often in a row it has recovered, and when last. */
  readonly #recovered = new Map<string, { times: number; at: number }>()

  recovered(place: string, now: number): void {
    const times = (this.#recovered.get(place)?.times ?? 0) + 1
    this.#recovered.set(place, { times, at: now })
  }

  /** Milliseconds before it is asked when it takes nothing again. */
  pause(place: string, now: number): number {
    for (const [other, { at }] of this.#recovered) if (at + WELL_MS < now) this.#recovered.delete(other)
    const times = this.#recovered.get(place)?.times ?? 0
    return times < 2 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (times - 2))
  }
}
