/** What a policy costs and how long work takes under it: the sums of a simulation. Pure. */
import { unitsOf } from '../router/load/load.js'
import type { Capacity } from './cluster.js'
import type { Attempt, Result } from './job.js'

export interface Summary {
  jobs: number
  /** USD, of all attempts on public back-ends. */
  cost: number
  /** Seconds from arrival to the end, on average and in 99 of 100 cases; of what ran. */
  meanSeconds: number
  p99Seconds: number
  /** Seconds of that until the last attempt started, on average. */
  meanWaitSeconds: number
  /** Share of the private capacity that was in use between the first and the last arrival. */
  utilisation: number
  /** Share of the jobs, and of their unit-seconds, that ended on a public back-end. */
  spilled: number
  spilledWork: number
  /** Jobs that no back-end could run. */
  neverRan: number
}

export function summaryOf(results: readonly Result[], capacity: Capacity): Summary {
  const ran = results.filter(({ attempts }) => attempts.length > 0)
  const seconds = ran.map((result) => last(result).end - result.job.arrival).sort((a, b) => a - b)
  const away = ran.filter((result) => last(result).public)
  const work = ({ job }: Result) => unitsOf(capacity.unit, job.spec.cpu) * job.seconds
  return {
    jobs: results.length,
    cost: sum(ran, ({ attempts }) => sum(attempts, ({ public: isPublic, cost }) => (isPublic ? cost : 0))),
    meanSeconds: share(sum(seconds, Number), seconds.length),
    p99Seconds: seconds[Math.round(0.99 * (seconds.length - 1))] ?? 0,
    meanWaitSeconds: share(
      sum(ran, (result) => last(result).start - result.job.arrival),
      ran.length,
    ),
    utilisation: utilisationOf(ran, capacity),
    spilled: share(away.length, ran.length),
    spilledWork: share(sum(away, work), sum(ran, work)),
    neverRan: results.length - ran.length,
  }
}

function utilisationOf(ran: readonly Result[], { nodes, units, unit }: Capacity): number {
  const [from, to] = [ran[0]?.job.arrival ?? 0, ran.at(-1)?.job.arrival ?? 0]
  const used = sum(ran, (result) => {
    const { public: isPublic, start, end } = last(result)
    return isPublic ? 0 : unitsOf(unit, result.job.spec.cpu) * Math.max(0, Math.min(end, to) - Math.max(start, from))
  })
  return share(used, nodes * units * (to - from))
}

const last = ({ attempts }: Result): Attempt => attempts.at(-1)!

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  let total = 0
  for (const item of items) total += valueOf(item)
  return total
}

const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0)
