import assert from 'node:assert/strict'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { EVERY_SECOND, GROWING, untilDone, untilStored, type Pauses } from '../../dispatcher/until-done.js'

const LATER = new SpillwayError('database-unavailable', 'the disk is full')

describe('what may work later', () => {
  let paused: number[]
  let left: number
  beforeEach(() => {
    paused = []
    left = 7
  })

  const pause = async (milliseconds: number) => void paused.push(milliseconds)
  const work = async () => {
    if (left-- > 0) throw LATER
    return 'done'
  }

  for (const [name, pauses, expected] of [
    ['ever longer pauses', GROWING, [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]],
    ['the same pause', EVERY_SECOND, Array<number>(7).fill(1000)],
  ] satisfies [string, Pauses, number[]][])
    it(`is tried again after ${name}`, async () => {
      const faults: unknown[] = []
      assert.equal(await untilStored(work, { pauses, pause, onFault: (thrown) => faults.push(thrown) }), 'done')
      assert.deepEqual(paused, expected)
      assert.equal(faults.length, 7)
    })

  it('is given up when another try would not cure it, or when the dispatcher closes', async () => {
    const refusal = new SpillwayError('move-refused', 'it has ended')
    await assert.rejects(
      untilStored(() => Promise.reject(refusal), { pauses: GROWING, pause }),
      refusal,
    )
    assert.deepEqual(paused, [])
    const closed = new Error('closing')
    const options = { isFinal: () => false, pauses: GROWING, pause: () => Promise.reject(closed) }
    await assert.rejects(untilDone(work, options), closed)
  })
})
