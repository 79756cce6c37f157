/** The machine that keeps work away from a back-end that is ill: every move, by the clock. */
import assert from 'node:assert/strict'
import { CLOSED, onAttempt, onEnd, usableFrom, type Breaker } from '../../../dispatcher/router/breaker.js'
import type { Cause } from '../../../runtime/contract/outcome.js'

const MINUTE_MS = 60_000

function afterEnds(breaker: Breaker, causes: readonly (Cause | undefined)[], now = 0): Breaker {
  return causes.reduce((moved: Breaker, cause) => onEnd(moved, cause, now), breaker)
}
const faults = (count: number): Cause[] => Array.from({ length: count }, () => 'throttled')

describe('a breaker', () => {
  it('opens after five faults in a row, for 30 s, and tells the last of them', () => {
    assert.deepEqual(afterEnds(CLOSED, faults(4)), { ...CLOSED, faults: 4 })
    const open = afterEnds(CLOSED, [...faults(4), 'backend-unavailable'])
    assert.deepEqual([open.state, usableFrom(open), open.why], ['open', 30_000, 'backend-unavailable'])
  })

  it('counts anew after a success, and after a script that failed: that has been run', () => {
    for (const answer of [undefined, 'script-exit'] as const)
      assert.deepEqual(afterEnds(CLOSED, [...faults(4), answer, ...faults(4)]), { ...CLOSED, faults: 4 })
  })

  it('lets one attempt try, and closes when that comes back', () => {
    const open = afterEnds(CLOSED, faults(5))
    const early = onAttempt(open, 29_999)
    assert.deepEqual([early, usableFrom(early)], [open, 30_000])
    const probing = onAttempt(open, 30_000)
    assert.deepEqual([probing.state, usableFrom(probing)], ['half-open', 30_000 + 15 * MINUTE_MS])
    assert.deepEqual(onEnd(probing, undefined, 31_000), CLOSED)
  })

  it('opens for twice as long each time that the try fails, 15 min at most', () => {
    let breaker = afterEnds(CLOSED, faults(5))
    const open = [usableFrom(breaker)]
    for (let tries = 0; tries < 6; tries++) {
      const now = usableFrom(breaker)
      breaker = onEnd(onAttempt(breaker, now), 'throttled', now)
      open.push(usableFrom(breaker) - now)
    }
    assert.deepEqual(
      open.map((ms) => ms / 1000),
      [30, 60, 120, 240, 480, 900, 900],
    )
  })

  it('takes no news from attempts that had started before it opened', () => {
    const open = afterEnds(CLOSED, faults(5))
    assert.deepEqual(onEnd(open, undefined, 10_000), open)
    assert.equal(usableFrom(onEnd(open, 'throttled', 10_000)), usableFrom(open))
  })
})
