/** What holds for every decision, whatever the work, the back-ends and the state of things. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { BackendLimits } from '../../../dispatcher/backends/backend.js'
import { keepDecision, readDecision } from '../../../dispatcher/database/sql/decisions.js'
import { CLOSED, type Breaker } from '../../../dispatcher/router/breaker.js'
import { decide } from '../../../dispatcher/router/decide.js'
import { History } from '../../../dispatcher/router/history.js'
import { Ledger } from '../../../dispatcher/router/load/ledger.js'
import type { BackendState, Situation, Work } from '../../../dispatcher/router/situation.js'
import { Spending } from '../../../dispatcher/router/spending.js'
import { spillNow } from '../../../dispatcher/router/spill.js'
import { inWords } from '../../../runtime/contract/decision-words.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import { CAUSE_NAMES } from '../../../runtime/contract/outcome.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'

const NOW = Date.UTC(2026, 7, 31, 23, 30)
const MEBIBYTE = 1024 ** 2
const NAMES = ['local', 'kubernetes', 'lambda'] as const

const specOf = (raw: object): FunctionSpec => {
  const { value, problems } = readFunctionSpec(
    { script: 's', image: 'i', ...raw },
    { path: 'f', storages: [], backends: NAMES },
  )
  assert.ok(value, JSON.stringify(problems))
  return value
}

const routing = fc.record(
  {
    prefer: fc.constantFrom('private', 'cheapest', 'fastest'),
    waitingBudget: fc.oneof(
      fc.nat(7200),
      fc.record({ factor: fc.constantFrom(0, 0.1, 0.9, 5), forecast: fc.boolean() }, { requiredKeys: [] }),
    ),
    deadline: fc.integer({ min: 1, max: 10_000 }),
    maxInputSize: fc.integer({ min: 1, max: 2000 }),
    neverIfOver: fc.integer({ min: 1, max: 2000 }),
    budget: fc.record({ perHour: fc.constantFrom(0, 0.001, 1), perMonth: fc.constantFrom(0, 0.01, 10) }),
    expectedTime: fc.integer({ min: 1, max: 2000 }),
  },
  { requiredKeys: [] },
)

const spec = fc
  .record(
    {
      memorySize: fc.integer({ min: 128, max: 20_000 }),
      cpu: fc.constantFrom(0.1, 1, 4, 16),
      gpu: fc.constantFrom(0, 1),
      timeout: fc.constantFrom(10, 300, 900, 1200, 86_400),
      ephemeralStorageSize: fc.constantFrom(512, 10_240, 20_000),
      routing,
      lambda: fc.record({ memorySize: fc.integer({ min: 128, max: 10_240 }) }),
    },
    { requiredKeys: [] },
  )
  .map(specOf)

const failure = fc.record({ backend: fc.constantFrom(...NAMES), cause: fc.constantFrom(...CAUSE_NAMES) })

const work: fc.Arbitrary<Work> = fc.record(
  {
    function: fc.constantFrom('f', 'g'),
    spec,
    inputBytes: fc.oneof(fc.constant(1000), fc.nat(1e6), fc.nat(2 ** 35)),
    acceptedAt: fc.integer({ min: NOW - 3_600_000, max: NOW }),
    failures: fc.array(failure, { maxLength: 3 }),
    moved: fc.boolean(),
  },
  { requiredKeys: ['function', 'spec', 'inputBytes'] },
)

const breaker: fc.Arbitrary<Breaker> = fc.oneof(
  fc.constant(CLOSED),
  fc.record({
    state: fc.constantFrom('open', 'half-open'),
    faults: fc.integer({ min: 5, max: 9 }),
    retryAt: fc.integer({ min: NOW - 60_000, max: NOW + 900_000 }),
    openMs: fc.constant(30_000),
  }),
)

const LIMITS: readonly BackendLimits[] = [
  { name: 'local', public: false, memoryMax: 16_384, cpuMax: 4, gpuMax: 0 },
  { name: 'kubernetes', public: false, memoryMax: 8192, gpuMax: 1 },
  { name: 'lambda', public: true, memoryMax: 10_240, ephemeralStorageMax: 10_240, timeoutMax: 900, gpuMax: 0 },
]

const situation: fc.Arbitrary<Situation> = fc
  .record({
    limits: fc.subarray([...LIMITS], { minLength: 1 }),
    breakers: fc.array(breaker, { minLength: 3, maxLength: 3 }),
    slots: fc.integer({ min: 0, max: 8 }),
    waiting: fc.nat(200),
    running: fc.nat(8),
    runs: fc.array(
      fc.integer({ min: 1, max: 2_000_000 }).map((ms) => ms / 1000),
      { maxLength: 100 },
    ),
    spent: fc.constantFrom(0, 0.0005, 0.5, 5),
    hasLoad: fc.boolean(),
  })
  .map(({ limits, breakers, slots, waiting, running, runs, spent, hasLoad }) => {
    const history = new History()
    for (const seconds of runs) history.learn({ function: 'f', backend: 'local', inputBytes: 1000, seconds })
    const ledger = new Ledger(
      limits.filter((one) => !one.public).map(({ name }) => ({ name, unit: 'attempt', capacity: slots })),
    )
    const run = history.expected({ function: 'f', backend: 'local', inputBytes: 1000, timeout: 300 })
    for (let count = 0; count < running; count++)
      ledger.started(`r${count}`, { backend: 'local', cpu: 1, run, at: NOW - 5000 })
    for (let count = 0; count < waiting; count++) ledger.queued(`w${count}`, { cpu: 1, seconds: 10, at: NOW - 1000 })
    const spending = new Spending()
    spending.add(spent, NOW - 60_000)
    const backends = limits.map((one, index): BackendState => {
      const load = hasLoad ? ledger.load(one.name, NOW) : undefined
      return { limits: one, breaker: breakers[index]!, ...(load ? { load } : {}) }
    })
    return { now: NOW, backends, runTimes: history, corrections: ledger.corrections, spending }
  })

describe('every decision', () => {
  const holds = (check: (work: Work, situation: Situation) => void) =>
    fc.assert(fc.property(work, situation, check), { numRuns: 1500 })

  it('is the same for the same work in the same situation, and changes nothing', () => {
    holds((given, state) => {
      const before = JSON.stringify([given, state])
      const first = decide(given, state)
      assert.deepEqual(decide(given, state), first)
      assert.deepEqual(spillNow(given, state), spillNow(given, state))
      assert.equal(JSON.stringify([given, state]), before)
    })
  })

  it('keeps to hard limits, and names every back-end that it leaves out', () => {
    holds((given, state) => {
      const { eligible, reasons } = inWords(decide(given, state))
      for (const { limits } of state.backends)
        if (!eligible.includes(limits.name)) assert.ok(reasons.some(({ backend }) => backend === limits.name))
      for (const name of eligible) {
        const own = specFor(given.spec, name)
        const { limits } = state.backends.find((one) => one.limits.name === name)!
        assert.ok(own.memorySize <= (limits.memoryMax ?? Infinity))
        assert.ok(own.cpu <= (limits.cpuMax ?? Infinity))
        assert.ok(own.gpu.count <= (limits.gpuMax ?? Infinity))
        assert.ok(own.ephemeralStorageSize <= (limits.ephemeralStorageMax ?? Infinity))
        assert.ok(given.inputBytes <= own.ephemeralStorageSize * MEBIBYTE)
        if (limits.public && own.routing.maxInputSize !== undefined)
          assert.ok(given.inputBytes <= own.routing.maxInputSize * MEBIBYTE)
      }
    })
  })

  it('spills at a whole millisecond, never in the past, and only where a public back-end may take it', () => {
    holds((given, state) => {
      const { eligible, spillAt, reasons } = inWords(decide(given, state))
      assert.equal(new Set(eligible).size, eligible.length)
      assert.ok(spillAt === null || (Number.isSafeInteger(spillAt) && spillAt >= state.now), String(spillAt))
      assert.ok(spillAt === null || eligible.includes('lambda'))
      for (const { text } of reasons) assert.ok(text.length > 10 && !/NaN|undefined|Infinity/.test(text), text)
    })
  })

  it('comes back from the record in the words that were answered when it was made', () => {
    holds((given, state) => {
      const decision = decide(given, state)
      assert.deepEqual(readDecision(keepDecision(decision)), inWords(decision))
    })
  })

  it('spends no more than the budget, whatever comes', () => {
    const budget = fc.record({ perHour: fc.constantFrom(0.001, 0.01), perMonth: fc.constantFrom(0.005, 0.05) })
    const steps = fc.array(fc.record({ ms: fc.nat(1_200_000), share: fc.double({ min: 0, max: 1, noNaN: true }) }))
    fc.assert(
      fc.property(budget, steps, ({ perHour, perMonth }, all) => {
        const given: Work = {
          function: 'f',
          spec: specOf({ routing: { budget: { perHour, perMonth } } }),
          inputBytes: 1,
        }
        const spending = new Spending()
        let now = NOW
        for (const { ms, share } of all) {
          now += ms
          const state = { now, backends: [{ limits: LIMITS[2]! }], runTimes: new History(), spending }
          const verdict = spillNow(given, state)
          if ('to' in verdict) {
            spending.add(verdict.cost, now)
            spending.add(-share * verdict.cost, now)
          } else assert.ok(verdict.until > now)
          assert.ok(spending.lastHour(now) <= perHour + 1e-9)
          assert.ok(spending.thisMonth(now) <= perMonth + 1e-9)
        }
      }),
    )
  })
})

describe('the books', () => {
  const cpu = fc.constantFrom(0.1, 0.3, 1, 2.5, 8)
  const step = fc.record({ what: fc.constantFrom('queue', 'start', 'end', 'spill', 'cancel'), pick: fc.nat(), cpu })
  const total = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((sum, number) => sum + number, 0)
  const run = { seconds: 10, upper: 20, samples: 9, basis: 'learned', endedBy: () => 0 } as const

  it('add up to what waits and runs, after whatever happened', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ledger = new Ledger([{ name: 'local', unit: 'vcpu', capacity: 16 }])
        const waiting = new Map<string, number>()
        const running = new Map<string, number>()
        const take = (from: Map<string, number>, pick: number) => [...from][pick % Math.max(1, from.size)]
        for (const [at, { what, pick, cpu: units }] of steps.entries()) {
          const [id, own] = take(what === 'end' ? running : waiting, pick) ?? ['nobody', 1]
          if (what === 'queue') {
            ledger.queued(`i${at}`, { cpu: units, seconds: 10, at, raw: units })
            waiting.set(`i${at}`, units)
          } else if (what === 'start' && waiting.delete(id)) {
            ledger.started(id, { backend: 'local', cpu: own, run, at })
            running.set(id, own)
          } else if (what === 'end') {
            ledger.ended(id)
            running.delete(id)
          } else if (what === 'spill' || what === 'cancel') {
            ledger.left(id, what === 'spill' ? 'spilled' : 'cancelled', at)
            waiting.delete(id)
          }
          const { waiting: units_, waitingSeconds, waitingCount, free } = ledger.load('local', at)!
          const close = (actual: number, wanted: number) => assert.ok(Math.abs(actual - wanted) < 1e-9)
          close(total(units_), total([...waiting.values()]))
          close(total(waitingSeconds), 10 * total([...waiting.values()]))
          close(total(waitingCount), waiting.size)
          close(free, 16 - total([...running.values()]))
          if (waiting.size === 0) assert.equal(total(units_), 0)
          if (running.size === 0) assert.equal(free, 16)
        }
      }),
    )
  })

  it('show work that may not use all of it no more than its part', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(25), fc.nat(25), (capacity, taken, most) => {
        const ledger = new Ledger([{ name: 'local', unit: 'attempt', capacity }])
        for (let count = 0; count < taken; count++)
          ledger.started(`r${count}`, { backend: 'local', cpu: 1, run: { ...run, endedBy: () => 1 }, at: 0 })
        const whole = ledger.load('local', 1)!
        const part = ledger.load('local', 1, most)!
        assert.equal(part.capacity, Math.min(capacity, most))
        assert.equal(part.free, Math.min(whole.free, part.capacity))
        const share = part.capacity / capacity
        assert.ok(Math.abs(part.ending().ending[1]! - share * whole.ending().ending[1]!) < 1e-9)
        assert.ok(Math.abs(part.ending().usable[2]! - share * whole.ending().usable[2]!) < 1e-9)
      }),
    )
  })

  it('do not show the same free slot to two of a burst', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 600 }), (slots, seconds) => {
        const ledger = new Ledger([{ name: 'local', unit: 'attempt', capacity: slots }])
        const given: Work = { function: 'f', spec: specOf({ routing: { expectedTime: seconds } }), inputBytes: 1 }
        const history = new History()
        let free = 0
        let longest = 0
        for (let count = 0; count < 500; count++) {
          const home = { limits: LIMITS[0]!, load: ledger.load('local', NOW)! }
          const backends = [home, { limits: LIMITS[2]! }]
          const { terms } = decide(given, { now: NOW, backends, runTimes: history })
          const { seconds: wait, raw } = terms!.expectedWait!
          if (wait === 0) free++
          assert.ok(wait! >= longest - 1e-9, 'it is not sooner than those before it')
          longest = wait!
          if (terms!.rule !== 'expected-wait') ledger.queued(`b${count}`, { cpu: 1, seconds, at: NOW, raw })
        }
        assert.equal(free, slots)
      }),
      { numRuns: 40 },
    )
  })
})
