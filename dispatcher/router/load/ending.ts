/** When running attempts are expected to give back what they hold. Pure. */
import type { RunTime } from '../run-time.js'
import { TIMES, type Ending } from './load.js'

export interface Holding {
  units: number
  /** Epoch milliseconds. */
  since: number
  run: Pick<RunTime, 'endedBy'>
}

export function endingOf(holdings: Iterable<Holding>, now: number): Ending {
  const ending = new Float64Array(TIMES.length)
  for (const holding of holdings) addHolding(ending, holding, now)
  const usable = new Float64Array(TIMES.length)
  for (let index = 1; index < TIMES.length; index++)
    usable[index] =
      usable[index - 1]! + ((ending[index - 1]! + ending[index]!) / 2) * (TIMES[index]! - TIMES[index - 1]!)
  return { ending, usable }
}

/** What has run for a while ends later than is said of those that start: it was not among the short ones. */
function addHolding(ending: Float64Array, { units, since, run }: Holding, now: number): void {
  const elapsed = Math.max(0, (now - since) / 1000)
  const before = run.endedBy(elapsed)
  const left = 1 - before
  for (let index = 1; index < TIMES.length; index++) {
    const share = left > 1e-9 ? (run.endedBy(elapsed + TIMES[index]!) - before) / left : 1
    if (share >= 1) {
      for (let later = index; later < TIMES.length; later++) ending[later]! += units
      return
    }
    ending[index]! += units * share
  }
}
