/** How much work waited, ran on private and ran on public back-ends over the time of a simulation. Pure. */
import { unitsOf, type Unit } from '../router/load/load.js'
import type { Result } from './job.js'

/** Averages over each of the equal parts that the time is cut into, in units. */
export interface Timeline {
  /** Seconds of one part. */
  step: number
  waiting: Float64Array
  private: Float64Array
  public: Float64Array
}

export function timelineOf(results: readonly Result[], unit: Unit, parts = 480): Timeline {
  const step = Math.max(1e-9, endOf(results) / parts)
  const empty = () => new Float64Array(parts)
  const timeline: Timeline = { step, waiting: empty(), private: empty(), public: empty() }
  for (const { job, attempts } of results) {
    const units = unitsOf(unit, job.spec.cpu)
    let since = job.arrival
    for (const { public: isPublic, start, end } of attempts) {
      add(timeline.waiting, step, { from: since, to: start, units })
      add(isPublic ? timeline.public : timeline.private, step, { from: start, to: end, units })
      since = end
    }
  }
  return timeline
}

function endOf(results: readonly Result[]): number {
  let end = 0
  for (const { attempts } of results) end = Math.max(end, attempts.at(-1)?.end ?? 0)
  return end
}

interface Stretch {
  from: number
  to: number
  units: number
}

function add(parts: Float64Array, step: number, { from, to, units }: Stretch): void {
  for (let part = Math.floor(from / step); part < parts.length && part * step < to; part++)
    parts[part]! += (units * (Math.min(to, (part + 1) * step) - Math.max(from, part * step))) / step
}
