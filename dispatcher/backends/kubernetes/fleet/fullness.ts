/** How many workers the cluster holds, by what it has said itself: who found no place, which quota has refused one. */
import type { Capacity } from '../../backend.js'
import { LearnedRoom } from '../learned-room.js'
import { hasPlace, isUnplaced, lacksRoom, type Member } from './members.js'

/** Milliseconds after which a quota that has refused a worker is tried again. */
const QUOTA_MS = 30_000

/** Milliseconds after which the cluster is tried again that had no place for a worker, where nobody sees what others take. */
const PLACES_MS = 60_000

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
  readonly #quota: LearnedRoom
  readonly #places: LearnedRoom
  #bootSeconds = BOOT_SECONDS

  constructor(now: () => number) {
    this.#now = now
    this.#quota = new LearnedRoom(now, QUOTA_MS)
    this.#places = new LearnedRoom(now, PLACES_MS)
  }

  /** A quota has refused a worker beside these. */
  noteQuota(members: readonly Member[]): void {
    this.#quota.refuse(members.filter((member) => member.state !== 'asked' && !isUnplaced(member)).length)
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
    const held = staying.filter(hasPlace).length
    this.#quota.hold(held)
    if (staying.some(lacksRoom)) this.#places.refuse(staying.filter((member) => !isUnplaced(member)).length)
    else this.#places.hold(held)
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
    if (isFull) return placed
    const places = grows || seesOthers ? Number.POSITIVE_INFINITY : this.#places.slots
    return Math.max(placed, Math.min(this.#quota.slots, places))
  }
}
