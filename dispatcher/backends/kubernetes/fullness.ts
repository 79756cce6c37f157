/** How many workers the cluster holds, by what it has said itself: who found no place, which quota has refused one. */
import type { Capacity } from '../backend.js'
import { isUnplaced, lacksRoom, type Member } from './members.js'

/** Milliseconds for which a quota that has refused a worker is taken for full. */
const QUOTA_MS = 30_000

/** Milliseconds for which a worker that found no place tells how many have one, where nobody sees what others take. */
const LEARNED_MS = 60_000

/** What a worker is expected to take to come up until some have; then, what the newest counts in that. */
const BOOT_SECONDS = 5
const NEWEST_SHARE = 0.3

export interface RoomInSight {
  /** Workers for which there is room, as far as nodes tell. */
  most: number
  /** More nodes come when they are needed. */
  grows: boolean
  /** What others take of the nodes is in `most`. */
  seesOthers: boolean
}

export class Fullness {
  readonly #now: () => number
  #quotaAt = Number.NEGATIVE_INFINITY
  #learned = { at: Number.NEGATIVE_INFINITY, slots: 0 }
  #bootSeconds = BOOT_SECONDS

  constructor(now: () => number) {
    this.#now = now
  }

  /** A quota has refused a worker. */
  noteQuota(): void {
    this.#quotaAt = this.#now()
  }

  /** A worker has asked for its function. */
  noteUp(member: Member): void {
    if (member.state !== 'awaited' || isUnplaced(member)) return
    const seconds = (this.#now() - member.createdAt) / 1000
    this.#bootSeconds += NEWEST_SHARE * (seconds - this.#bootSeconds)
  }

  /** Called often enough to see each worker that finds no place before it is withdrawn. */
  look(members: readonly Member[]): void {
    const staying = members.filter(({ stopping }) => !stopping)
    if (!staying.some(lacksRoom)) return
    this.#learned = { at: this.#now(), slots: staying.filter((member) => !isUnplaced(member)).length }
  }

  capacity(members: readonly Member[], inSight: RoomInSight): Capacity {
    const { most, grows } = inSight
    const staying = members.filter(({ stopping }) => !stopping)
    const placed = staying.filter((member) => grows || !isUnplaced(member))
    return {
      slots: Math.min(most, this.#bound(placed.length, { isFull: placed.length < staying.length, ...inSight })),
      bootSeconds: this.#bootSeconds,
      starting: placed
        .filter(({ state }) => state !== 'up')
        .map(({ id, createdAt }) => ({ worker: id, since: createdAt })),
    }
  }

  #bound(placed: number, { isFull, grows, seesOthers }: Omit<RoomInSight, 'most'> & { isFull: boolean }): number {
    const now = this.#now()
    if (isFull || now - this.#quotaAt < QUOTA_MS) return placed
    const isRemembered = !grows && !seesOthers && now - this.#learned.at < LEARNED_MS
    return isRemembered ? Math.max(placed, this.#learned.slots) : Number.POSITIVE_INFINITY
  }
}
