/** What holds for every simulation, and what a small one looks like in full. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Job, Result } from '../../../dispatcher/simulator/job.js'
import { SpecMaker } from '../../../dispatcher/simulator/jobs/spec-maker.js'
import { readPolicy } from '../../../dispatcher/simulator/policies.js'
import type { Knowledge, Scenario } from '../../../dispatcher/simulator/scenario.js'
import { simulate } from '../../../dispatcher/simulator/simulate.js'
import { summaryOf } from '../../../dispatcher/simulator/summary.js'
import { timelineOf } from '../../../dispatcher/simulator/timeline.js'

const specs = new SpecMaker()

function job(id: number, arrival: number, seconds: number, cpu: number): Job {
  const made = specs.make({ cpu, memorySize: 1024, timeout: 86_400, inputBytes: 0 })
  if (!('spec' in made)) return assert.fail(made.problem)
  return { id, arrival, seconds, function: 'f', spec: made.spec, inputBytes: 0 }
}

const jobs: fc.Arbitrary<Job[]> = fc
  .array(fc.record({ gap: fc.nat(60), seconds: fc.integer({ min: 1, max: 600 }), cpu: fc.constantFrom(1, 2, 4) }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((rows) => {
    let arrival = 0
    return rows.map(({ gap, seconds, cpu }, id) => job(id, (arrival += gap), seconds, cpu))
  })

const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    nodes: fc.integer({ min: 1, max: 3 }),
    overtaking: fc.boolean(),
    policy: fc.constantFrom(
      '{}',
      '{waitingBudget: 0}',
      '{waitingBudget: 30, deadline: 120}',
      '{prefer: fastest}',
      '{prefer: cheapest}',
      '{budget: {perHour: 0.1}}',
    ),
    knowledge: fc.constantFrom<Knowledge>('learned', 'perfect', 'declared'),
  })
  .map(({ nodes, overtaking, policy, knowledge }) => ({
    private: {
      limits: { name: 'kubernetes', public: false },
      capacity: { nodes, units: 4, unit: 'vcpu', overtaking },
    },
    public: [{ limits: { name: 'lambda', public: true }, price: { perCpuSecond: 0.001 }, startSeconds: 1 }],
    policy: readPolicy(policy).policy,
    knowledge,
  }))

const last = ({ attempts }: Result) => attempts.at(-1)!

describe('a simulation', () => {
  it('runs every job once, for as long as it takes, and never on more than there is', () => {
    fc.assert(
      fc.property(jobs, scenario, (list, given) => {
        const results = simulate(list, given)
        for (const result of results) {
          const { start, end, public: isPublic } = last(result)
          assert.equal(result.attempts.length, 1)
          assert.equal(end, start + result.job.seconds)
          assert.ok(start >= result.job.arrival + (isPublic ? 1 : 0))
        }
        const home = results.filter((result) => !last(result).public)
        const { nodes, units } = given.private.capacity
        for (const { start } of home.map(last)) {
          const running = home.filter((other) => last(other).start <= start && last(other).end > start)
          assert.ok(running.reduce((sum, other) => sum + other.job.spec.cpu, 0) <= nodes * units)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('is the same each time', () => {
    fc.assert(
      fc.property(jobs, scenario, (list, given) => {
        assert.deepEqual(simulate(list, given), simulate(list, given))
      }),
      { numRuns: 50 },
    )
  })

  it('is drawn with all of its work', () => {
    fc.assert(
      fc.property(jobs, scenario, (list, given) => {
        const results = simulate(list, given)
        const timeline = timelineOf(results, 'vcpu', 37)
        const drawn = [...timeline.private, ...timeline.public].reduce((sum, units) => sum + units, 0) * timeline.step
        const work = list.reduce((sum, { seconds, spec }) => sum + seconds * spec.cpu, 0)
        assert.ok(Math.abs(drawn - work) < 1e-6 * work, `${drawn}, not ${work}`)
        const waited = timeline.waiting.reduce((sum, units) => sum + units, 0) * timeline.step
        const really = results.reduce((sum, one) => sum + (last(one).start - one.job.arrival) * one.job.spec.cpu, 0)
        assert.ok(Math.abs(waited - really) < 1e-6 * (really + 1), `${waited}, not ${really}`)
      }),
      { numRuns: 100 },
    )
  })

  it('gives each function a money budget of its own, as the dispatcher does', () => {
    const capacity = { nodes: 1, units: 1, unit: 'vcpu', overtaking: true } as const
    const list = ['f', 'f', 'g', 'f', 'g'].map((name, id) => ({ ...job(id, 0, 100, 1), function: name }))
    const results = simulate(list, {
      private: { limits: { name: 'kubernetes', public: false }, capacity },
      public: [{ limits: { name: 'lambda', public: true }, price: { perCpuSecond: 0.01 } }],
      policy: readPolicy('{waitingBudget: 0, budget: {perHour: 1}}').policy,
      knowledge: 'perfect',
    })
    const away = results.filter((result) => last(result).public).map(({ job: { function: name } }) => name)
    assert.deepEqual(away.sort(), ['f', 'g'], 'one run of each costs all that it may spend in an hour')
  })

  it('adds up: cost, times, use, and what spilled over', () => {
    const capacity = { nodes: 1, units: 1, unit: 'vcpu', overtaking: true } as const
    const results = simulate([job(0, 0, 100, 1), job(1, 0, 100, 1), job(2, 50, 100, 1)], {
      private: { limits: { name: 'kubernetes', public: false }, capacity },
      public: [{ limits: { name: 'lambda', public: true }, price: { perCpuSecond: 0.01 } }],
      policy: readPolicy('{waitingBudget: {min: 60, max: 60, forecast: false}}').policy,
      knowledge: 'perfect',
    })
    assert.deepEqual(
      results.map(({ attempts }) => [attempts[0]!.start, attempts[0]!.public]),
      [
        [0, false],
        [60, true],
        [100, false],
      ],
    )
    const { cost, meanSeconds, meanWaitSeconds, utilisation, spilled, spilledWork } = summaryOf(results, capacity)
    assert.deepEqual(
      { cost, meanSeconds, meanWaitSeconds, utilisation },
      { cost: 1, meanSeconds: (100 + 160 + 150) / 3, meanWaitSeconds: 110 / 3, utilisation: 1 },
    )
    assert.deepEqual([spilled, spilledWork], [1 / 3, 1 / 3])
  })
})
