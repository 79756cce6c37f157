import assert from 'node:assert/strict'
import fc from 'fast-check'
import { listedSequencer, objectEvent } from '../../../../dispatcher/storage/s3/event.js'
import { compareSequencers, eventIdentity } from '../../../../runtime/contract/object-event.js'

const lake = { storage: 'lake', stepMs: 1 }
const facts = { bucket: 'b', key: 'k', size: 3, etag: '"abc"', lastModified: new Date('2026-08-01T12:00:00.123Z') }
const times = fc.date({ min: new Date('2000-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })

describe('S3 storage: events', () => {
  it('say what listings say', () => {
    assert.deepEqual(objectEvent(lake, facts), {
      storage: 'lake',
      bucket: 'b',
      key: 'k',
      size: 3,
      etag: 'abc',
      sequencer: '18c7aca4936254c0',
      time: '2026-08-01T12:00:00.123Z',
    })
    const { etag, time } = objectEvent({ ...lake, stepMs: 1000 }, { ...facts, etag: undefined })
    assert.deepEqual([etag, time], [undefined, '2026-08-01T12:00:00.000Z'])
  })

  it("have MinIO's own sequencers, to the millisecond", () => {
    const ns = BigInt(facts.lastModified.getTime()) * 1_000_000n + 456_789n
    const reported = ns.toString(16).toUpperCase()
    assert.equal(listedSequencer(reported, 1), objectEvent(lake, facts).sequencer)
    assert.equal(listedSequencer(reported, 1000), objectEvent({ ...lake, stepMs: 1000 }, facts).sequencer)
  })

  it('are the same event whatever the nanoseconds, and another one for another step', () => {
    const step = fc.constantFrom(1, 1000)
    fc.assert(
      fc.property(times, times, fc.bigInt(0n, 999_999n), step, (a, b, ns, stepMs) => {
        const at = (lastModified: Date) => objectEvent({ ...lake, stepMs }, { ...facts, lastModified })
        const reported = (BigInt(a.getTime()) * 1_000_000n + ns).toString(16)
        const sequencer = listedSequencer(reported, stepMs)!
        assert.equal(eventIdentity({ ...at(a), sequencer }), eventIdentity(at(a)))
        const order = Math.sign(Math.floor(a.getTime() / stepMs) - Math.floor(b.getTime() / stepMs))
        assert.equal(compareSequencers(at(a).sequencer!, at(b).sequencer!), order)
        assert.equal(eventIdentity(at(a)) === eventIdentity(at(b)), order === 0)
      }),
    )
  })

  it('tell sequencers that are no times', () => {
    for (const sequencer of [undefined, '', '0055AED6DCD90281E5', '1', 'ffffffffffffffff', 'zz', '18b8a1c1c14ccc000'])
      assert.equal(listedSequencer(sequencer, 1), undefined, sequencer)
    fc.assert(fc.property(fc.string(), (text) => ['string', 'undefined'].includes(typeof listedSequencer(text, 1))))
  })
})
