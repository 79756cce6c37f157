/** The default policy was not made for two lists: on others of several kinds, too, it is cheaper than a fixed hour. */
import assert from 'node:assert/strict'
import { readPolicy } from '../../../dispatcher/simulator/policies.js'
import { simulate } from '../../../dispatcher/simulator/simulate.js'
import { summaryOf, type Summary } from '../../../dispatcher/simulator/summary.js'
import type { Job } from '../../../dispatcher/simulator/job.js'
import { generateJobs, type JobsWanted } from '../../support/generate-jobs.js'

const COUNT = 5000
const KINDS: Record<string, Partial<JobsWanted>> = {
  'even arrivals': { cv: 1 },
  bursts: { cv: 4 },
  'long bursts': { cv: 8 },
  'lognormal run times': { runTimes: 'lognormal' },
  'a long tail of run times': { runTimes: 'pareto' },
  'run times that are all equal': { runTimes: 'equal' },
  'eight functions': { functions: 8 },
  overload: { perHour: 30, cv: 2 },
}

function played(jobs: readonly Job[], policy: string, overtaking: boolean): Summary {
  const capacity = { nodes: 6, units: 8, unit: 'vcpu', overtaking } as const
  const results = simulate(jobs, {
    private: { limits: { name: 'kubernetes', public: false }, capacity },
    public: [{ limits: { name: 'lambda', public: true }, price: { perCpuSecond: 1 / 3600 } }],
    policy: readPolicy(policy).policy,
    knowledge: 'learned',
  })
  return summaryOf(results, capacity)
}

/** On one cluster smaller work may overtake; the published hour was waited in order, which is slower and dearer. */
const HOUR = '{waitingBudget: {min: 3600, max: 3600, forecast: false}}'
const TIME_MAX = 1.15

const ratios = (own: Summary, other: Summary) => [own.cost / other.cost, own.meanSeconds / other.meanSeconds] as const

describe('the default policy on lists of other kinds, beside a fixed hour', function () {
  this.timeout(60_000)

  for (const [name, wanted] of Object.entries(KINDS))
    for (const seed of [7, 8])
      it(`is cheaper and hardly slower on the same cluster, cheaper and faster than in order: ${name}, seed ${seed}`, () => {
        const jobs = generateJobs({ seed, count: COUNT, ...wanted })
        const own = played(jobs, '{}', true)
        const [cost, time] = ratios(own, played(jobs, HOUR, true))
        const [costInOrder, timeInOrder] = ratios(own, played(jobs, HOUR, false))
        const text = [cost, time, costInOrder, timeInOrder].map((ratio) => `${ratio.toFixed(2)}x`)
        process.stdout.write(`        cost ${text[0]}, time ${text[1]}; in order: cost ${text[2]}, time ${text[3]}\n`)
        assert.ok(cost < 1 && time < TIME_MAX, text.join())
        assert.ok(costInOrder < 1 && timeInOrder < 1, text.join())
        assert.equal(own.neverRan, 0)
      })
})
