import assert from 'node:assert/strict'
import { OUT_MS, Pulse, RETURN_MS, SILENT_MS } from '../../../../dispatcher/database/postgres/pulse.js'

describe('postgres: pulse', () => {
  let now: number
  let pulse: Pulse

  beforeEach(() => {
    now = 1000
    pulse = new Pulse(() => now)
  })

  it('counts itself out before the others do', () => {
    assert.ok(OUT_MS < SILENT_MS)
    pulse.beaten(now)
    now += OUT_MS - 1
    assert.equal(pulse.isFresh(), true)
    now += 1
    assert.equal(pulse.isFresh(), false)
    pulse.beaten(now)
    assert.equal(pulse.isFresh(), true)
  })

  it('counts from when the question was sent, not from when the answer came', () => {
    const sentAt = now
    now += OUT_MS
    pulse.beaten(sentAt)
    assert.equal(pulse.isFresh(), false)
  })

  it('finds the one whose beat stands still, and nobody else', () => {
    const at = (first: number, second: number) =>
      pulse.silentOf([
        { number: 1, beat: first },
        { number: 2, beat: second },
      ])
    assert.deepEqual(at(1, 1), [])
    for (let beat = 2; beat <= 16; beat++) {
      now += SILENT_MS / 15
      assert.deepEqual(at(beat, 1), [])
    }
    now += 1
    assert.deepEqual(at(17, 1), [2])
    assert.deepEqual(at(18, 2), [])
  })

  it('gives one that vanished some time to come back', () => {
    pulse.silentOf([{ number: 1, beat: 1 }])
    now += RETURN_MS
    pulse.silentOf([])
    assert.deepEqual(pulse.lately(), [1])
    now += 1
    assert.deepEqual(pulse.lately(), [])
  })
})
