/** After a failure the next attempt goes where it can succeed. */
import assert from 'node:assert/strict'
import { decide } from '../../../dispatcher/router/decide.js'
import type { PastFailure } from '../../../dispatcher/router/situation.js'
import { crossroads, LAMBDA, workWith } from '../../support/crossroads.js'

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
