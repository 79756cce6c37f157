/** The default policy beside waiting for a fixed hour and never waiting, on lists of many kinds: cost and completion time. */
import type { Job } from '../../dispatcher/simulator/job.js'
import type { Knowledge } from '../../dispatcher/simulator/scenario.js'
import { readPolicy } from '../../dispatcher/simulator/policies.js'
import { simulate } from '../../dispatcher/simulator/simulate.js'
import { summaryOf, type Summary } from '../../dispatcher/simulator/summary.js'
import { generateJobs, type JobsWanted } from '../support/generate-jobs.js'
import { figure, type Bench, type Figure } from './figure.js'

interface Kind extends Partial<JobsWanted> {
  name: string
  /** Of 8 units each. */
  nodes?: number
}

const KINDS: readonly Kind[] = [
  { name: 'even arrivals (CV 1)', cv: 1 },
  { name: 'CV 2', cv: 2 },
  { name: 'CV 4', cv: 4 },
  { name: 'CV 4, other seed', cv: 4, seed: 2 },
  { name: 'CV 8', cv: 8 },
  { name: '2 nodes', nodes: 2, perHour: 8 },
  { name: '24 nodes', nodes: 24, perHour: 96 },
  { name: 'light load', perHour: 16 },
  { name: 'overload', perHour: 30, cv: 2 },
  { name: 'lognormal run times', runTimes: 'lognormal' },
  { name: 'Pareto run times', runTimes: 'pareto' },
  { name: 'equal run times', runTimes: 'equal' },
  { name: '8 functions', functions: 8 },
]

const HOUR_FIXED = '{waitingBudget: {min: 3600, max: 3600, forecast: false}}'
const NEVER = '{waitingBudget: {factor: 0, forecast: false}}'

export const policies: Bench = {
  name: 'policies',
  about: 'the default policy, learning run times; beside a fixed hour of waiting (cost) and no waiting (time)',
  run: () => Promise.resolve(KINDS.flatMap(figuresOf)),
}

function figuresOf({ name, nodes = 6, seed = 1, ...wanted }: Kind): Figure[] {
  const jobs = generateJobs({ seed, ...wanted })
  const on = (policy: string, knowledge: Knowledge, overtaking = true) =>
    play(jobs, { nodes, policy, knowledge, overtaking })
  const hour = on(HOUR_FIXED, 'declared', false)
  const never = on(NEVER, 'declared', false)
  return (['learned', 'perfect'] as const).flatMap((knowledge) => {
    const { cost, meanSeconds } = on('{}', knowledge)
    const what = `${name}, ${knowledge}`
    return [
      figure({ name: `${what}: cost`, value: cost, unit: 'USD', yardstick: hour.cost }, { ratioAtMost: 1 }),
      figure(
        { name: `${what}: time`, value: meanSeconds / 60, unit: 'min', yardstick: never.meanSeconds / 60 },
        { ratioAtMost: twoDigits(hour.meanSeconds / never.meanSeconds) },
      ),
    ]
  })
}

const twoDigits = (ratio: number) => Math.floor(100 * ratio) / 100

interface On {
  nodes: number
  policy: string
  knowledge: Knowledge
  overtaking: boolean
}

function play(jobs: readonly Job[], { nodes, policy, knowledge, overtaking }: On): Summary {
  const capacity = { nodes, units: 8, unit: 'vcpu', overtaking } as const
  const results = simulate(jobs, {
    private: { limits: { name: 'kubernetes', public: false }, capacity },
    public: [{ limits: { name: 'lambda', public: true }, price: { perCpuSecond: 1 / 3600 } }],
    policy: readPolicy(policy).policy,
    knowledge,
  })
  return summaryOf(results, capacity)
}
