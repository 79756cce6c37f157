/** What is expected of a run: by function, size of the input and back-end, and no more than the samples can tell. */
import assert from 'node:assert/strict'
import { History } from '../../../dispatcher/router/history.js'
import { RunTimes } from '../../../dispatcher/router/run-times.js'
import type { BackendName } from '../../../runtime/contract/function-spec.js'

const KB = 1000
const GB = 1e9

describe('history', () => {
  let history: History
  beforeEach(() => (history = new History()))

  function ended(count: number, seconds: number, { inputBytes = KB, backend = 'local' as BackendName } = {}): void {
    for (let run = 0; run < count; run++) history.learn({ function: 'f', backend, inputBytes, seconds })
  }
  const expected = ({
    inputBytes = KB,
    backend = 'local' as BackendName,
    hint = undefined as number | undefined,
  } = {}) => history.expected({ function: 'f', backend, inputBytes, timeout: 300, hint })

  it('goes by what was declared until five runs have ended', () => {
    assert.deepEqual([expected().seconds, expected().basis, expected().samples], [300, 'timeout', 0])
    ended(4, 10)
    assert.deepEqual([expected().seconds, expected().basis, expected().samples], [300, 'timeout', 4])
    assert.deepEqual([expected({ hint: 20 }).seconds, expected({ hint: 20 }).basis], [20, 'hint'])
    ended(1, 10)
    assert.deepEqual([expected({ hint: 20 }).seconds, expected().basis, expected().samples], [10, 'learned', 5])
  })

  it('tells small inputs from large ones', () => {
    ended(5, 2)
    ended(5, 200, { inputBytes: GB })
    assert.deepEqual([expected().seconds, expected({ inputBytes: GB }).seconds], [2, 200])
  })

  it('takes inputs of a size that is not known for the next larger that is, and never for a smaller', () => {
    ended(5, 2)
    ended(5, 200, { inputBytes: GB })
    assert.equal(expected({ inputBytes: 1e6 }).seconds, 200)
    assert.deepEqual(
      [expected({ inputBytes: 100 * GB }).seconds, expected({ inputBytes: 100 * GB }).basis],
      [300, 'timeout'],
    )
  })

  it('tells back-ends apart once enough ran there, and goes by all together until then', () => {
    ended(20, 10)
    ended(4, 40, { backend: 'lambda' })
    assert.equal(expected({ backend: 'lambda' }).seconds, 15)
    ended(1, 40, { backend: 'lambda' })
    assert.deepEqual([expected({ backend: 'lambda' }).seconds, expected().seconds], [40, 10])
  })

  it('says that 95 of 100 end in time only with enough runs to say it, and names the timeout until then', () => {
    ended(44, 10)
    assert.equal(expected().upper, 300)
    ended(1, 10)
    assert.equal(expected().upper, 10)
  })

  it('of another function says nothing', () => {
    ended(50, 10)
    const other = history.expected({ function: 'g', backend: 'local', inputBytes: KB, timeout: 300 })
    assert.equal(other.basis, 'timeout')
  })
})

describe('run times', () => {
  const of = (seconds: readonly number[]) => {
    const times = new RunTimes()
    for (const one of seconds) times.add(one)
    return times
  }

  it('have an upper bound from 45 samples on: of fewer even the largest may be among the 95', () => {
    assert.deepEqual([of([3]).upperBound(), of(Array<number>(44).fill(3)).upperBound()], [undefined, undefined])
    assert.equal(of(Array<number>(45).fill(3)).upperBound(), 3)
  })

  it('have none when too many were cut at their timeout', () => {
    const times = of(Array<number>(50).fill(3))
    for (let run = 0; run < 10; run++) times.add(300, { cut: true })
    assert.equal(times.upperBound(), Infinity)
  })

  it('forget slowly: a function that has changed is relearned', () => {
    const times = of(Array<number>(400).fill(100))
    for (let run = 0; run < 2000; run++) times.add(1)
    assert.ok(times.mean < 5, String(times.mean))
  })
})
