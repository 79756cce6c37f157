/**
 * Who is alive, by this machine's own clock alone: a dispatcher that got no answer for a while counts itself out, and one
 * whose beat stands still for longer is cut off by the others. So no two ever count on the same thing.
 */

/** Milliseconds without an answer of the server after which a dispatcher does nothing that is its own any more. */
export const OUT_MS = 10_000
/** Milliseconds for which the beat of another one may stand still. */
export const SILENT_MS = 15_000
/** Milliseconds in which one whose connection was lost may come back before others adopt what it had. */
export const RETURN_MS = 3000

export class Pulse {
  readonly #now: () => number
  readonly #others = new Map<number, { beat: number; movedAt: number; seenAt: number }>()
  #beatenAt = Number.NEGATIVE_INFINITY

  /** Milliseconds of a clock that nobody sets. */
  constructor(now = () => performance.now()) {
    this.#now = now
    this.#beatenAt = now()
  }

  /** The server has answered what was sent then. */
  beaten(sentAt: number): void {
    this.#beatenAt = sentAt
  }

  isFresh(): boolean {
    return this.#now() - this.#beatenAt < OUT_MS
  }

  /** Notes the members there are; gives those that have stood still for too long. */
  silentOf(members: readonly { number: number; beat: number }[]): number[] {
    const now = this.#now()
    for (const { number, beat } of members) {
      const known = this.#others.get(number)
      const movedAt = known?.beat === beat ? known.movedAt : now
      this.#others.set(number, { beat, movedAt, seenAt: now })
    }
    for (const [number, { seenAt }] of this.#others) if (now - seenAt > RETURN_MS) this.#others.delete(number)
    return members.map(({ number }) => number).filter((number) => now - this.#others.get(number)!.movedAt > SILENT_MS)
  }

  /** Numbers of those that are members or were a moment ago. */
  lately(): number[] {
    const now = this.#now()
    return [...this.#others].filter(([, { seenAt }]) => now - seenAt <= RETURN_MS).map(([number]) => number)
  }
}
