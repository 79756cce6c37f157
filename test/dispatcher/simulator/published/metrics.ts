/** What `expected.json` holds of a simulation, computed as it was there. */
import { createHash } from 'node:crypto'
import type { Result } from '../../../../dispatcher/simulator/job.js'

export interface Metrics {
  cloud_cost_gpu_h: number
  avg_jct_h: number
  p99_jct_h: number
  utilisation: number
  cloud_jobs: number
  onprem_jobs: number
}

export interface Extra {
  avg_wait_h: number
  p90_jct_h: number
  system_utilisation: number
}

export interface Debug {
  all_jobs_placement_sha256: string
  cloud_jobs_all: number
  cloud_jobs_per_1000_ids: number[]
  first_20_cloud_ids: number[]
  sum_of_waits_all_jobs_h: number
}

/** Jobs at either end that do not count. */
const WARM_UP = 1000

export const isAway = ({ attempts }: Result): boolean => attempts.at(-1)!.public
const start = ({ attempts }: Result) => attempts.at(-1)!.start
const wait = (result: Result) => start(result) - result.job.arrival
const work = ({ job }: Result) => job.spec.cpu * job.seconds

export const counted = (results: readonly Result[]): readonly Result[] =>
  results.slice(WARM_UP, results.length - WARM_UP + 1)

export function placementHash(results: readonly Result[]): string {
  const places = results.map((result) => `${result.job.id}:${isAway(result) ? 'cloud' : 'onprem'}`)
  return createHash('sha256').update(places.join(',')).digest('hex')
}

/** GPU-hours; `trial`: what came back after so long had cost that much. */
export function cloudCost(results: readonly Result[], trial = Infinity): number {
  return sum(counted(results).map((result) => costOf(result, trial)))
}

function costOf(result: Result, trial: number): number {
  if (isAway(result)) return work(result)
  return result.attempts.length > 1 ? work(result) / (result.job.seconds / trial) : 0
}

export const meanCompletion = (results: readonly Result[]): number => mean(counted(results).map(completion))

/** Run time first, as it was added there. */
const completion = (result: Result) => result.job.seconds + start(result) - result.job.arrival

export function metricsOf(results: readonly Result[], gpus: number, trial?: number): Metrics {
  const shown = counted(results)
  const away = shown.filter(isAway).length
  return {
    cloud_cost_gpu_h: cloudCost(results, trial),
    avg_jct_h: meanCompletion(results),
    p99_jct_h: quantile(shown.map(completion), 0.99),
    utilisation:
      usedWithin(
        results.filter((result) => !isAway(result)),
        windowOf(results),
      ) / gpus,
    cloud_jobs: away,
    onprem_jobs: shown.length - away,
  }
}

export function extraOf(results: readonly Result[], gpus: number): Extra {
  const shown = counted(results)
  return {
    avg_wait_h: mean(shown.map(wait)),
    p90_jct_h: quantile(shown.map(completion), 0.9),
    system_utilisation: usedWithin(results, windowOf(results)) / gpus,
  }
}

export function debugOf(results: readonly Result[]): Debug {
  const away = results.filter(isAway).map(({ job }) => job.id)
  return {
    all_jobs_placement_sha256: placementHash(results),
    cloud_jobs_all: away.length,
    cloud_jobs_per_1000_ids: Array.from(
      { length: results.length / 1000 },
      (_, block) => away.filter((id) => Math.floor(id / 1000) === block).length,
    ),
    first_20_cloud_ids: away.slice(0, 20),
    sum_of_waits_all_jobs_h: sum(results.map(wait)),
  }
}

interface Window {
  from: number
  to: number
}

/** From the arrival of the first job that counts to that of the last but one. */
const windowOf = (results: readonly Result[]): Window => ({
  from: results[WARM_UP]!.job.arrival,
  to: results[results.length - WARM_UP - 1]!.job.arrival,
})

/** GPUs that were in use within the window, on average. */
function usedWithin(results: readonly Result[], { from, to }: Window): number {
  const used = results.map(
    (result) =>
      result.job.spec.cpu *
      Math.max(0, Math.min(start(result) + result.job.seconds, to) - Math.max(start(result), from)),
  )
  return sum(used) / (to - from)
}

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.round(share * (values.length - 1))]!
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]) => sum(values) / values.length
