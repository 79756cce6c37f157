import assert from 'node:assert/strict'
import { History } from '../../../dispatcher/router/history.js'
import { Ledger } from '../../../dispatcher/router/load/ledger.js'
import { atRest } from '../../../dispatcher/router/situation.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'
import { decide } from '../../support/decide.js'

const spec = (raw: object) =>
  readFunctionSpec({ script: 'a.sh', ...raw }, { path: 'f', storages: [], backends: ['local'] }).value!
const local = { name: 'local' as const, public: false, memoryMax: 4096 }

describe('decide', () => {
  it('names the only back-end, and says so', () => {
    const decision = decide({ function: 'f', spec: spec({}), inputBytes: 10 }, atRest([local], 0))
    assert.deepEqual(decision.eligible, ['local'])
    assert.equal(decision.spillAt, null)
    assert.deepEqual(
      decision.reasons.map(({ code }) => code),
      ['only-backend'],
    )
  })

  it('excludes with both numbers', () => {
    const texts = (raw: object, bytes = 0) =>
      decide({ function: 'f', spec: spec(raw), inputBytes: bytes }, atRest([local], 0)).reasons.map(({ text }) => text)
    assert.ok(texts({ memorySize: '8Gi' }).includes('local: memorySize 8,192 MB is over 4,096 MB'))
    assert.ok(texts({}, 11.2e9).includes('local: input of 11.2 GB is over ephemeralStorageSize 512 MB'))
  })

  it('excludes where there is no machine of its architecture', () => {
    const arm = spec({ architecture: 'arm64' })
    const on = (architectures?: ('x86_64' | 'arm64')[]) =>
      decide(
        { function: 'f', spec: arm, inputBytes: 0 },
        atRest([{ ...local, ...(architectures ? { architectures } : {}) }], 0),
      )
    assert.deepEqual([on().eligible, on(['x86_64', 'arm64']).eligible], [['local'], ['local']])
    const text = 'local: architecture arm64 is not among those of its machines: x86_64'
    assert.ok(on(['x86_64']).reasons.some((reason) => reason.text === text))
  })

  it('says that work fits nowhere', () => {
    const decision = decide({ function: 'f', spec: spec({ memorySize: '8Gi' }), inputBytes: 0 }, atRest([local], 0))
    assert.deepEqual(decision.eligible, [])
    assert.equal(decision.reasons.at(-1)?.code, 'fits-nowhere')
  })

  it('looks at the limits of the back-end that the function sets for it', () => {
    assert.deepEqual(
      decide(
        { function: 'f', spec: spec({ memorySize: '8Gi', local: { memorySize: 256 } }), inputBytes: 0 },
        atRest([local], 0),
      ).eligible,
      ['local'],
    )
  })

  it('spills at a whole millisecond, whatever has been learned: databases keep no fractions', () => {
    const runTimes = new History()
    for (const seconds of [2.123, 2.517, 3.011, 2.2, 1.7, 3.3131])
      runTimes.learn({ function: 'f', backend: 'local', inputBytes: 10, seconds })
    const lambda = { name: 'lambda' as const, public: true }
    const raw = { routing: { waitingBudget: { factor: 2, share: 'none' } } }
    const situation = { ...atRest([local, lambda], 1000), runTimes }
    const { spillAt, terms } = decide({ function: 'f', spec: spec(raw), inputBytes: 10 }, situation)
    assert.equal(terms?.waitingBudget, 4.9547)
    assert.equal(spillAt, 5955)
  })

  it('says every number that it was made with', () => {
    const lambda = { name: 'lambda' as const, public: true }
    const runTimes = new History()
    for (let run = 0; run < 80; run++)
      runTimes.learn({ function: 'f', backend: 'local', inputBytes: 5e6, seconds: 10 + (run % 4) })
    const ledger = new Ledger([{ name: 'local', unit: 'attempt', capacity: 2 }])
    const run = runTimes.expected({ function: 'f', backend: 'local', inputBytes: 5e6, timeout: 300 })
    for (const slot of ['a', 'b']) ledger.started(slot, { backend: 'local', cpu: 1, run, at: 0 })
    ledger.queued('c', { cpu: 1, seconds: 11.5, at: 0 })
    const situation = {
      now: 1000,
      backends: [{ limits: local, load: ledger.load('local', 1000)! }, { limits: lambda }],
      runTimes,
    }
    const raw = { memorySize: 1769, routing: { budget: { perHour: 1 } } }
    const { reasons } = decide({ function: 'f', spec: spec(raw), inputBytes: 5e6 }, situation)
    assert.deepEqual(reasons, [
      {
        code: 'expected-run',
        text: 'expected run time 11.5 s, the average of 80 runs with 4.2 MB to 16.8 MB of input; 95 of 100 end within 13 s',
      },
      {
        code: 'expected-wait',
        text: 'expected to wait 12.5 s for a private slot; others would wait 11.5 s more in all if it ran there',
      },
      {
        code: 'expected-wait',
        text: 'waiting budget 10.4 s (0.9 x 11.5 s x 1 vCPU) is less than that: it goes over at once',
      },
      { code: 'price', backend: 'lambda', text: 'lambda: a run costs about 0.00033 USD; left 1 USD of the hour' },
    ])
  })
})
