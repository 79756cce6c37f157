import assert from 'node:assert/strict'
import { simulate } from '../../../../dispatcher/simulator/simulate.js'
import { expected, unscaledJobsOf } from './lists.js'
import { debugOf, extraOf, counted, metricsOf, placementHash } from './metrics.js'
import { scenarioOf } from './policies.js'

const { nodes, gpus_per_node: units } = expected.cluster

describe('the published policies, in the words of `routing`', function () {
  this.timeout(60_000)

  for (const published of expected.cases)
    describe(published.name, () => {
      const jobs = unscaledJobsOf(published)
      for (const { name, params, metrics, extra, placement_sha256: hash, debug } of published.policies)
        it(`${name}: every job runs where it ran there`, () => {
          const results = simulate(jobs, scenarioOf(params, { nodes, units }))
          const { all_jobs_placement_sha256: allHash, ...sums } = debug
          const { all_jobs_placement_sha256: ownHash, ...ownSums } = debugOf(results)
          assertClose(ownSums, sums)
          assert.equal(ownHash, allHash)
          assert.equal(placementHash(counted(results)), hash)
          const own = metricsOf(results, nodes * units, params.cloud_trial_h)
          const noWait = published.policies.find(({ name }) => name === 'no-wait')!.metrics.cloud_cost_gpu_h
          assertClose({ ...own, cloud_cost_vs_no_wait: own.cloud_cost_gpu_h / noWait }, metrics)
          assertClose(extraOf(results, nodes * units), extra)
        })
    })
})

/** Counts and texts alike, numbers to a millionth or, next to nothing, to a billionth. */
function assertClose(actual: object, wanted: object): void {
  const found = new Map(Object.entries(actual))
  assert.deepEqual([...found.keys()].sort(), Object.keys(wanted).sort())
  for (const [key, value] of Object.entries(wanted)) {
    const own: unknown = found.get(key)
    if (typeof value !== 'number' || Number.isInteger(value)) assert.deepEqual(own, value, key)
    else
      assert.ok(Math.abs(Number(own) - value) <= Math.max(1e-9, 1e-6 * Math.abs(value)), `${key}: ${own}, not ${value}`)
  }
}
