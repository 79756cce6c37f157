/**
 * How long a piece of work is going to wait for a private slot. Pure, and its cost does not grow with the queue.
 *
 * Work that waits takes the units that are free, that running attempts give back, and that the work before it gives back
 * in its turn; the wait ends when there is enough for everything before it and for itself. Where smaller work may
 * overtake what does not fit yet, only work that is not larger is before it.
 */
import { ROUNDING, sizeOf, TIMES, unitsOf, type Ending, type Load, type WaitCorrection } from './load.js'

export interface ExpectedWait {
  /** Seconds; infinite when no end can be foreseen. */
  seconds: number
  /** The same before it was corrected by how long others really waited. */
  raw: number
}

export const NO_WAIT: ExpectedWait = Object.freeze({ seconds: 0, raw: 0 })

/** For a piece of work that any of the loads' back-ends may take. */
export function expectedWait(
  loads: readonly Load[],
  cpu: number,
  corrections: readonly WaitCorrection[] = [],
): ExpectedWait {
  const needs = loads.map((load) => needOf(load, cpu))
  const possible = needs.filter(({ fits }) => fits)
  if (possible.length === 0) return { seconds: Infinity, raw: Infinity }
  if (possible.some(({ need, free }) => free >= need - ROUNDING)) return NO_WAIT
  const raw = timeUntil(possible)
  return { seconds: corrected(raw, possible, corrections[sizeOf(cpu)]), raw }
}

interface Need {
  load: Load
  /** It could be held at all. */
  fits: boolean
  /** Units for everything before it and for itself. */
  need: number
  /** Units that are there now. */
  free: number
  /** Average run time of what is before it, seconds. */
  seconds: number
}

function needOf(load: Load, cpu: number): Need {
  const units = unitsOf(load.unit, cpu)
  const last = load.overtaking && load.unit === 'vcpu' ? sizeOf(cpu) : load.waiting.length - 1
  let before = 0
  let beforeSeconds = 0
  for (let size = 0; size <= last; size++) {
    before += load.waiting[size]!
    beforeSeconds += load.waitingSeconds[size]!
  }
  // Pieces that are too small for it are of no use to it.
  const free = load.largestFree >= units - ROUNDING ? load.free : Math.min(load.free, 0)
  const seconds = before > 1e-9 ? beforeSeconds / before : Infinity
  return { load, fits: units <= load.capacity + ROUNDING, need: before + units, free, seconds }
}

/** The first moment at which the back-ends together can have taken all of it, each its share; the share only grows. */
function timeUntil(needs: readonly Need[]): number {
  const endings = needs.map(({ load }) => load.ending())
  let before = 0
  let earlier = 0
  let after = TIMES.length - 1
  let share = shareTaken(needs, endings, after)
  if (!(share >= 1)) return beyond(needs, Math.max(0, share))
  while (after - before > 1) {
    const middle = (before + after) >> 1
    const there = shareTaken(needs, endings, middle)
    if (there >= 1) [after, share] = [middle, there]
    else [before, earlier] = [middle, Math.max(0, there)]
  }
  const [from, to] = [TIMES[before]!, TIMES[after]!]
  return from + ((to - from) * (1 - earlier)) / (share - earlier)
}

function shareTaken(needs: readonly Need[], endings: readonly Ending[], index: number): number {
  let share = 0
  for (let place = 0; place < needs.length; place++) {
    const { need, free, seconds } = needs[place]!
    const { ending, usable } = endings[place]!
    const usableSeconds = usable[index]! + Math.max(0, free) * TIMES[index]!
    share += (free + ending[index]! + usableSeconds / seconds) / need
  }
  return share
}

/** After the last of TIMES everything that runs now has ended: what waits ends at a steady pace. */
function beyond(needs: readonly Need[], taken: number): number {
  let pace = 0
  for (const { load, need, seconds } of needs) pace += load.capacity / seconds / need
  return pace > 0 ? TIMES.at(-1)! + (1 - taken) / pace : Infinity
}

function corrected(raw: number, needs: readonly Need[], correction: WaitCorrection | undefined): number {
  if (!correction || raw === Infinity) return raw
  return Math.max(0, correction.offset * needs[0]!.load.scale + correction.slope * raw)
}
