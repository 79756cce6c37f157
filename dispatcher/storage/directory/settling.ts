/** Which files have stopped changing. Pure: looks and clocks come from outside, times are epoch milliseconds. */
import { entityTag, type FileFacts } from './event.js'

/** A file that was noticed and has not been reported yet. */
export interface Pending {
  key: string
  /** When it is to be looked at again. */
  lookAt: number
  /** As of the last look; undefined before the first. */
  tag?: string
  /** Since when it has not changed, as far as is known. */
  quietSince: number
}

export class Settling {
  readonly #pending = new Map<string, Pending>()

  constructor(
    private readonly settleMs: number,
    private readonly pendingMax: number,
  ) {}

  get size(): number {
    return this.#pending.size
  }

  /** Something happened to a file; false when too many are pending already. */
  notice(key: string, now: number): boolean {
    if (this.#pending.has(key)) return true
    if (this.#pending.size >= this.pendingMax) return false
    this.#pending.set(key, { key, lookAt: now, quietSince: now })
    return true
  }

  /** Takes out what is to be looked at; what happens to one of them from here on is noticed anew. */
  take(now: number, most: number): Pending[] {
    const taken: Pending[] = []
    for (const pending of this.#pending.values()) {
      if (pending.lookAt > now) continue
      taken.push(pending)
      if (taken.length === most) break
    }
    for (const { key } of taken) this.#pending.delete(key)
    return taken
  }

  /** The answer to a look: true when the file has settled; else it will be looked at again. */
  looked(pending: Pending, facts: FileFacts, now: number): boolean {
    const tag = entityTag(facts)
    const quietSince = quietFrom(pending, { tag, mtimeMs: Number(facts.mtimeNs / 1_000_000n), now })
    const lookAt = quietSince + this.settleMs
    if (lookAt <= now) return true
    this.#pending.set(pending.key, { key: pending.key, lookAt, tag, quietSince })
    return false
  }

  /** When the next look is due; undefined when nothing is pending. */
  nextLook(): number | undefined {
    let next: number | undefined
    for (const { lookAt } of this.#pending.values()) if (next === undefined || lookAt < next) next = lookAt
    return next
  }
}

/** On the first look the file's own time counts, so that what was moved in complete settles at once; not if it is in the future. */
function quietFrom(pending: Pending, seen: { tag: string; mtimeMs: number; now: number }): number {
  if (pending.tag === undefined) return Math.min(seen.mtimeMs, seen.now)
  return pending.tag === seen.tag ? pending.quietSince : seen.now
}
