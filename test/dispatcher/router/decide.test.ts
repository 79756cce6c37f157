import assert from 'node:assert/strict'
import { decide } from '../../../dispatcher/router/decide.js'
import { History } from '../../../dispatcher/router/history.js'
import { atRest } from '../../../dispatcher/router/situation.js'
import { readFunctionSpec } from '../../../runtime/contract/read-function-spec.js'

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
})
