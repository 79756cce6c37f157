import assert from 'node:assert/strict'
import type { Knowledge, Scenario } from '../../../../dispatcher/simulator/scenario.js'
import { simulate } from '../../../../dispatcher/simulator/simulate.js'
import { expected, jobsOf } from './lists.js'
import { cloudCost, meanCompletion } from './metrics.js'

/** Of what waiting for an hour costs. */
const COST_MAX = 0.5
/** Of how long work takes that never waits. */
const COMPLETION_MAX = 1.25

const HOUR = 3600
const { nodes, gpus_per_node: units } = expected.cluster

const scenario = (knowledge: Knowledge): Scenario => ({
  private: {
    limits: { name: 'kubernetes', public: false },
    capacity: { nodes, units, unit: 'vcpu', overtaking: true },
  },
  public: [{ limits: { name: 'lambda', public: true }, price: { perCpuSecond: 1 / HOUR } }],
  knowledge,
})

describe('the default policy on the published job lists', function () {
  this.timeout(60_000)

  for (const published of expected.cases)
    describe(published.name, () => {
      const jobs = jobsOf(published)
      const metricsOf = (name: string) => published.policies.find((policy) => policy.name === name)!.metrics
      const waitsAnHour = metricsOf('constant-1h').cloud_cost_gpu_h
      const neverWaits = metricsOf('no-wait').avg_jct_h

      function played(knowledge: Knowledge): { cost: number; completion: number } {
        const results = simulate(jobs, scenario(knowledge))
        const cost = cloudCost(results) / HOUR / waitsAnHour
        const completion = meanCompletion(results) / HOUR / neverWaits
        process.stdout.write(`        ${knowledge}: cost ${cost.toFixed(3)}x, completion ${completion.toFixed(3)}x\n`)
        return { cost, completion }
      }

      it('costs half of waiting for an hour, and work takes little longer than without waiting', () => {
        const { cost, completion } = played('learned')
        assert.ok(cost <= COST_MAX, `cost ${cost}`)
        assert.ok(completion <= COMPLETION_MAX, `completion ${completion}`)
      })

      it('does better where run times are known', () => {
        const known = played('perfect')
        const learned = played('learned')
        assert.ok(known.cost < learned.cost && known.completion < learned.completion)
      })
    })
})
