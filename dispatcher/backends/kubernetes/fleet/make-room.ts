/** Who gives way when the cluster is full: idle workers of other releases, and workers that are not needed any more. Pure. */
import type { Crew } from '../../plan.js'
import { keyOf, lacksRoom, type Member } from './members.js'

/** Milliseconds between two idle workers that give way to the same one without a place, and how many do at most. */
const ROOM_MS = 2000
const ROOM_TIMES_MAX = 4

/** Milliseconds after which a worker without a place is withdrawn when there is no work for it any more. */
const SURPLUS_MS = 10_000

/** Idle workers to send away, one for each of the `stuck` (keys of their releases, one per worker), longest idle first. */
export function makeRoom(crews: readonly Crew[], stuck: readonly string[]): string[] {
  const spare = crews.flatMap(({ key, idle, queued }) =>
    stuck.includes(key) ? [] : idle.slice(0, Math.max(0, idle.length - queued)),
  )
  return spare.slice(0, stuck.length)
}

/** Workers that find no place which an idle one could leave them, and for which that has not been tried too often. */
export const stuckOnes = (members: readonly Member[], now: number): Member[] =>
  members.filter((member) => {
    const { at, times } = member.room
    return lacksRoom(member) && times < ROOM_TIMES_MAX && now - at >= ROOM_MS
  })

/** A pod without a place would wait for ever, and make somebody buy a machine, for work that is done. */
export function surplus(members: readonly Member[], crew: Crew, now: number): Member[] {
  const { key, queued, running, concurrency } = crew
  const mine = members.filter(({ release, stopping }) => !stopping && keyOf(release) === key)
  const isPlaceless = ({ pod, state, createdAt }: Member) =>
    state === 'awaited' && now - createdAt >= SURPLUS_MS && (!pod || pod.phase === 'unscheduled')
  const over = mine.length - Math.min(queued + running, concurrency)
  return mine.filter(isPlaceless).slice(0, Math.max(0, over))
}
