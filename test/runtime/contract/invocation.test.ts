import assert from 'node:assert/strict'
import fc from 'fast-check'
import { after, attemptId, isEnded, parseAttemptId, STATES } from '../../../runtime/contract/invocation.js'
import { compareSequencers, eventIdentity } from '../../../runtime/contract/object-event.js'

const HAPPENINGS = ['enqueue', 'start', 'succeed', 'retry', 'give-back', 'give-up', 'cancel', 'redrive'] as const

describe('invocation', () => {
  it('never leaves succeeded, and leaves the other ends only by redrive', () => {
    for (const happening of HAPPENINGS) {
      assert.equal(after('succeeded', happening), undefined)
      for (const state of ['failed', 'cancelled'] as const)
        assert.equal(after(state, happening), happening === 'redrive' ? 'queued' : undefined)
    }
  })

  it('reaches every state from accepted, and an end from every state', () => {
    const reach = (from: string) => {
      const seen = new Set([from])
      for (const state of seen) for (const happening of HAPPENINGS) seen.add(after(state as never, happening) ?? state)
      return seen
    }
    assert.deepEqual([...reach('accepted')].sort(), [...STATES].sort())
    for (const state of STATES)
      assert.ok(
        [...reach(state)].some((other) => isEnded(other as never)),
        state,
      )
  })

  it('names attempts so that they can be read back, and nothing else', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 999_999_999 }), (invocation, number) => {
        assert.deepEqual(parseAttemptId(attemptId(invocation, number)), { invocation, number })
      }),
    )
    for (const text of [
      '',
      'x.1',
      '0190f5a0-0000-7000-8000-000000000000',
      '0190f5a0-0000-7000-8000-000000000000.0',
      '../../etc/passwd.1',
    ])
      assert.equal(parseAttemptId(text), undefined)
  })
})

describe('object-event', () => {
  it('orders sequencers of different length as AWS says', () => {
    assert.ok(compareSequencers('0055AED6DCD90281E5', '0055AED6DCD90281E6') < 0)
    assert.ok(compareSequencers('0055', '00550') === 0)
    assert.ok(compareSequencers('0056', '005501') > 0)
  })

  it('gives different objects different identities', () => {
    const event = fc.record({
      storage: fc.string(),
      bucket: fc.string(),
      key: fc.string(),
      size: fc.nat(),
      etag: fc.string(),
      time: fc.string(),
    })
    fc.assert(
      fc.property(event, event, (a, b) => {
        const same = a.storage === b.storage && a.bucket === b.bucket && a.key === b.key && a.etag === b.etag
        assert.equal(eventIdentity(a) === eventIdentity(b), same)
      }),
    )
  })
})
