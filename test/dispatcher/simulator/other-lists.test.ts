/** The default policy was not made for two lists: on others of several kinds, too, it beats waiting for a fixed hour. */
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

describe('the default policy on lists of other kinds', function () {
  this.timeout(60_000)

  for (const [name, wanted] of Object.entries(KINDS))
    for (const seed of [7, 8])
      it(`is cheaper and faster than a fixed hour: ${name}, seed ${seed}`, () => {
        const jobs = generateJobs({ seed, count: COUNT, ...wanted })
        const hour = played(jobs, '{waitingBudget: {min: 3600, max: 3600, forecast: false}}', false)
        const own = played(jobs, '{}', true)
        assert.ok(own.cost < hour.cost, `cost ${own.cost}, not under ${hour.cost}`)
        assert.ok(own.meanSeconds < hour.meanSeconds, `time ${own.meanSeconds}, not under ${hour.meanSeconds}`)
        assert.equal(own.neverRan, 0)
      })
})
