import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LOSSES_MAX, nextStep } from '../../../dispatcher/outcomes/retry.js'
import { CAUSE_NAMES, CAUSES, failed, type Cause } from '../../../runtime/contract/outcome.js'

const retries = { attempts: 3, minDelay: 1, maxDelay: 300 }
const step = (cause: Cause, more = {}) =>
  nextStep({ outcome: failed({ cause, message: 'x' }), retries, faults: 0, losses: 0, now: 1000, random: 0.5, ...more })

describe('retry', () => {
  it('ends a success', () => {
    const success = { outcome: 'succeeded' as const, outputs: [] }
    assert.equal(nextStep({ outcome: success, retries, faults: 2, losses: 9, now: 0, random: 0 }).to, 'succeeded')
  })

  it('tries a failed script again, later each time, until its attempts are used up', () => {
    assert.deepEqual(step('script-exit'), {
      to: 'queued',
      notBefore: 1500,
      why: 'attempt 1 of 3 failed: script-exit; again in 0.5 s',
    })
    assert.equal(step('script-exit', { faults: 1 }).notBefore, 2000)
    assert.deepEqual(step('script-exit', { faults: 2 }), { to: 'failed', why: 'attempt 3 of 3 failed: script-exit' })
  })

  it('gives an evicted attempt back at once, not against the retries', () => {
    assert.deepEqual(step('evicted', { faults: 2 }), { to: 'queued', why: 'evicted; does not count against retries' })
  })

  it('slows down when attempts are lost again and again, and gives up in the end', () => {
    assert.equal(step('worker-lost', { losses: 2 }).notBefore, undefined)
    assert.ok(step('worker-lost', { losses: 5 }).notBefore! > 1000)
    assert.equal(step('worker-lost', { losses: LOSSES_MAX - 1 }).to, 'failed')
  })

  it('fails at once where another attempt cannot help, or is not wanted', () => {
    assert.equal(step('input-missing').to, 'failed')
    assert.equal(step('timeout', { retries: { ...retries, on: ['script-exit'] } }).to, 'failed')
    assert.equal(step('cancelled').to, 'cancelled')
  })

  it('never waits longer than maxDelay, and every cause comes to an end', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CAUSE_NAMES),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(50),
        fc.nat(50),
        (cause, random, faults, losses) => {
          const { to, notBefore } = step(cause, { random, faults, losses })
          assert.ok((notBefore ?? 0) <= 1000 + retries.maxDelay * 1000)
          if (faults >= 2 && CAUSES[cause].userFault) assert.equal(to, 'failed')
          if (losses >= LOSSES_MAX && to !== 'cancelled' && !CAUSES[cause].userFault) assert.equal(to, 'failed')
        },
      ),
    )
  })

  describe('after a failure that another back-end may cure', () => {
    const elsewhere = { on: 'local', isCure: true }

    it('tries again there at once, also what could not be tried again where it was', () => {
      for (const cause of ['timeout', 'input-too-large'] as const) {
        const { to, notBefore, why } = step(cause, { elsewhere })
        assert.deepEqual([to, notBefore], ['queued', undefined])
        assert.equal(why, `attempt 1 of 3 failed: ${cause}; again on local`)
      }
    })

    it('keeps to the number of attempts', () => {
      assert.equal(step('timeout', { faults: 2, elsewhere }).to, 'failed')
    })

    it('gives up what fits nowhere, with all the numbers', () => {
      const nowhere = 'local: memorySize 4,096 MB is over 2,048 MB'
      const { to, why } = step('timeout', { elsewhere: { on: '', isCure: false, nowhere } })
      assert.deepEqual([to, why], ['failed', `timeout, and it fits nowhere: ${nowhere}`])
    })
  })
})
