/** After a failure the next attempt goes where it can succeed. */
import assert from 'node:assert/strict'
import { CLOSED } from '../../../dispatcher/router/breaker.js'
import type { PastFailure } from '../../../dispatcher/router/situation.js'
import { crossroads, LAMBDA, NOW, workWith } from '../../support/crossroads.js'
import { decide } from '../../support/decide.js'

const after = (raw: Record<string, unknown>, ...failures: PastFailure[]) => {
  const { eligible, reasons } = decide(workWith(raw, { failures }), crossroads({}))
  return { eligible: [...eligible].sort(), texts: reasons.map(({ text }) => text).join('\n') }
}
const on = (backend: PastFailure['backend'], cause: PastFailure['cause']): PastFailure => ({ backend, cause })
const BOTH = ['kubernetes', 'lambda']

describe('after a failure', () => {
  it('of memory it goes where there is more of it', () => {
    const more = { memorySize: 2048, kubernetes: { memorySize: 8192 } }
    const { eligible, texts } = after(more, on('lambda', 'out-of-memory'))
    assert.deepEqual(eligible, ['kubernetes'])
    assert.match(
      texts,
      /lambda: an attempt there ended with out-of-memory at 2,048 MB, and it gives no more than 2,048 MB/,
    )
  })

  it('of memory at home it goes over, where that gives more', () => {
    const more = { memorySize: 2048, lambda: { memorySize: 8192 } }
    assert.deepEqual(after(more, on('kubernetes', 'out-of-memory')).eligible, ['lambda'])
  })

  it('of time on Lambda it goes where there is more time', () => {
    const { eligible, texts } = after({ timeout: 1200 }, on('lambda', 'timeout'))
    assert.deepEqual(eligible, ['kubernetes'])
    assert.match(texts, /lambda: an attempt there ended with timeout at 15 min, and it gives no more than 15 min/)
  })

  it('of an image it stays away from there, however long ago it was', () => {
    assert.deepEqual(after({}, on('lambda', 'image'), on('kubernetes', 'script-exit')).eligible, ['kubernetes'])
  })

  it('of a script it may go anywhere', () => {
    assert.deepEqual(after({}, on('lambda', 'script-exit')).eligible, BOTH)
  })

  it('that nobody else can cure is tried again where it happened', () => {
    assert.deepEqual(after({}, on('lambda', 'out-of-memory')).eligible, BOTH)
    assert.deepEqual(after({ backends: ['lambda'] }, on('lambda', 'image')).eligible, ['lambda'])
  })

  it('fits nowhere, and says so with all the numbers, when what is left cannot run it', () => {
    const situation = crossroads({ home: { limits: { name: 'kubernetes', public: false, memoryMax: 1024 } } })
    const { eligible, reasons } = decide(workWith({ memorySize: LAMBDA.memoryMax! + 1 }), situation)
    assert.deepEqual(eligible, [])
    assert.deepEqual(
      reasons.map(({ text }) => text),
      [
        'kubernetes: memorySize 10,241 MB is over 1,024 MB',
        'lambda: memorySize 10,241 MB is over 10,240 MB',
        'no back-end can run this work',
      ],
    )
  })
})

describe('after a fault of a back-end, which time cures,', () => {
  const FULL = { running: 2, waiting: 100 }
  const decided = (failures: PastFailure[], standing: Parameters<typeof crossroads>[0] = FULL) => {
    const { eligible, spillAt, terms, reasons } = decide(workWith({}, { failures, moved: true }), crossroads(standing))
    return { eligible, after: spillAt === null ? null : (spillAt - NOW) / 1000, rule: terms!.rule, reasons }
  }
  const refused = (secondsAgo: number): PastFailure => ({ ...on('lambda', 'throttled'), at: NOW - secondsAgo * 1000 })

  it('work stays home for 30 s, and may go over again then if it still waits', () => {
    for (const cause of ['throttled', 'backend-unavailable'] as const) {
      const { eligible, after: seconds, rule, reasons } = decided([on('lambda', cause)])
      assert.deepEqual([eligible, seconds, rule], [BOTH, 30, 'failed-there'])
      const text = `lambda: the last attempt there ended with ${cause}; it may go there again at 2026-11-28T12:00:30.000Z`
      assert.ok(reasons.some((reason) => reason.text === text))
    }
  })

  it('it stays for twice as long after each further one in a row, 15 min at most', () => {
    const seconds = (count: number) => decided(Array.from({ length: count }, () => refused(0))).after
    assert.deepEqual([1, 2, 3, 5, 6, 10].map(seconds), [30, 60, 120, 480, 900, 900])
    assert.equal(decided([refused(90), on('kubernetes', 'script-exit'), refused(0)]).after, 30)
  })

  it('it stays for as long as the breaker is open, where that is longer', () => {
    const breaker = { ...CLOSED, state: 'open' as const, faults: 5, retryAt: NOW + 45_000 }
    const { after: seconds, rule } = decided([refused(0)], { ...FULL, away: { breaker } })
    assert.deepEqual([seconds, rule], [45, 'breaker'])
  })

  it('it goes over again once that time is over', () => {
    assert.deepEqual(decided([refused(31)]).after, 0)
  })

  it('it goes over at once when that was at home, which keeps it for the case that nobody takes it there', () => {
    const { eligible, after: seconds, rule } = decided([on('kubernetes', 'backend-unavailable')])
    assert.deepEqual([eligible, seconds, rule], [['lambda', 'kubernetes'], 0, 'failed-there'])
  })

  it('it is tried there again at once when nobody else can run it', () => {
    const spec = { backends: ['lambda'] }
    const { spillAt } = decide(workWith(spec, { failures: [refused(0)] }), crossroads({}))
    assert.equal(spillAt, NOW)
  })
})
