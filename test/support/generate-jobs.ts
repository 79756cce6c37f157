/** Job lists that are the same for the same seed: bursts of arrivals, sizes of 1 to 8, run times of several kinds. */
import type { Job } from '../../dispatcher/simulator/job.js'
import { SpecMaker } from '../../dispatcher/simulator/jobs/spec-maker.js'
import { randomNumbers } from './random-numbers.js'

type Random = () => number

export interface JobsWanted {
  seed: number
  count: number
  /** Of the times between arrivals: standard deviation over mean. */
  cv: number
  perHour: number
  runTimes: RunTimeKind
  /** Functions, whose run times differ by a factor of up to twenty. */
  functions: number
}

const MEAN_SECONDS = 3600

const RUN_TIMES = {
  /** Memoryless: how long it has run says nothing. */
  exponential: (random: Random) => -Math.log(1 - random()),
  /** Many short, few long. */
  lognormal: (random: Random) => Math.exp(1.5 * normal(random) - 1.125),
  /** A tail without a mean to speak of, cut at a day. */
  pareto: (random: Random) => Math.min(24, 0.41 * (1 - random()) ** (-1 / 1.7)),
  equal: () => 1,
} as const

export type RunTimeKind = keyof typeof RUN_TIMES

const SIZES = [
  { until: 0.7, cpu: 1 },
  { until: 0.85, cpu: 2 },
  { until: 0.95, cpu: 4 },
  { until: 1, cpu: 8 },
] as const

const FACTORS = [0.1, 0.3, 0.6, 1, 1, 1, 2, 2] as const

export const USUAL: Omit<JobsWanted, 'seed'> = {
  count: 12_000,
  cv: 4,
  perHour: 24,
  runTimes: 'exponential',
  functions: 1,
}

export function generateJobs(wanted: Pick<JobsWanted, 'seed'> & Partial<JobsWanted>): Job[] {
  const { seed, count, cv, perHour, runTimes, functions } = { ...USUAL, ...wanted }
  const random = randomNumbers(seed)
  const shape = 1 / (cv * cv)
  const specs = new SpecMaker()
  let arrival = 0
  return Array.from({ length: count }, (_, id) => {
    arrival += ((gamma(random, shape) / shape) * 3600) / perHour
    const share = random()
    const { cpu } = SIZES.find(({ until }) => share < until)!
    const number = Math.floor(random() * functions)
    const factor = functions > 1 ? FACTORS[number % FACTORS.length]! : 1
    const made = specs.make({ cpu, memorySize: 1024, timeout: 86_400, inputBytes: 0 })
    if (!('spec' in made)) throw new Error(made.problem)
    const seconds = RUN_TIMES[runTimes](random) * factor * MEAN_SECONDS
    return { id, arrival, seconds, function: `f${number}`, spec: made.spec, inputBytes: 0 }
  })
}

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** G. Marsaglia and W. W. Tsang, https://doi.org/10.1145/358407.358414 */
function gamma(random: Random, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(random)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}
