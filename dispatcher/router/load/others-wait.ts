/**
 * How long others are going to wait because a piece of work is run at home while work is waiting. Pure.
 *
 * It takes its units for its run time, and everything that comes after it waits for longer by what that is of the whole.
 * What comes after it: the larger work that it overtakes, and what is still to come before the line is gone. The line
 * stands for that: of the work that waits, the part that is not smaller, once for what is there and once for what will be.
 */
import { sizeOf, unitsOf, type Load } from './load.js'

const LINES = 2

/** Seconds of waiting, of all others together. */
export function othersWait(loads: readonly Load[], cpu: number, seconds: number): number {
  const [first] = loads
  if (!first) return 0
  const wholes = loads.reduce((sum, { unit, capacity }) => sum + capacity / unitsOf(unit, cpu), 0)
  return wholes > 0 ? (LINES * notSmaller(first, sizeOf(cpu)) * seconds) / wholes : 0
}

/** All loads are of one line. */
function notSmaller({ waitingCount, overtaking, unit }: Load, size: number): number {
  let count = 0
  for (let other = overtaking && unit === 'vcpu' ? size : 0; other < waitingCount.length; other++)
    count += waitingCount[other]!
  return count
}
