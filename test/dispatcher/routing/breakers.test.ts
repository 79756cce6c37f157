import assert from 'node:assert/strict'
import { Breakers } from '../../../dispatcher/routing/breakers.js'
import { failed, type Outcome } from '../../../runtime/contract/outcome.js'

const MINUTE_MS = 60_000
const F = { backend: 'lambda', function: 'f' } as const
const G = { backend: 'lambda', function: 'g' } as const
const UNAVAILABLE = failed({ cause: 'backend-unavailable', message: 'no answer' })
const NOT_THERE = failed({ cause: 'backend-unavailable', message: 'there is no function f', ofFunction: true })
const SUCCEEDED = { outcome: 'succeeded', outputs: [] } as const satisfies Outcome

/** Ill after five faults in a row. */
function ill(): Breakers {
  const breakers = new Breakers()
  for (let fault = 0; fault < 5; fault++) breakers.ended(F, UNAVAILABLE, 0)
  assert.equal(breakers.of('lambda').state, 'open')
  return breakers
}

describe('the breaker of a back-end', () => {
  it('lets one attempt try whether it is well again, and closes when it is', () => {
    const breakers = ill()
    assert.equal(breakers.isUsable(F, 0), false)
    breakers.started(F, 'probe', MINUTE_MS)
    assert.equal(breakers.of('lambda').state, 'half-open')
    assert.equal(breakers.isUsable(F, MINUTE_MS + 1), false)
    breakers.ended(F, SUCCEEDED, MINUTE_MS + 2)
    assert.equal(breakers.of('lambda').state, 'closed')
  })

  it('lets another one try at once when that one was called off', () => {
    const breakers = ill()
    breakers.started(F, 'probe', MINUTE_MS)
    breakers.calledOff('other', MINUTE_MS + 1)
    assert.equal(breakers.isUsable(F, MINUTE_MS + 1), false)
    breakers.calledOff('probe', MINUTE_MS + 2)
    assert.equal(breakers.isUsable(F, MINUTE_MS + 2), true)
    breakers.started(F, 'next', MINUTE_MS + 3)
    assert.equal(breakers.of('lambda').state, 'half-open')
  })

  it('stays closed when work is called off that was no probe', () => {
    const breakers = ill()
    breakers.started(F, 'probe', MINUTE_MS)
    breakers.ended(F, SUCCEEDED, MINUTE_MS + 1)
    breakers.calledOff('probe', MINUTE_MS + 2)
    assert.equal(breakers.of('lambda').state, 'closed')
  })
})

describe('the breaker of one function on a back-end', () => {
  const illFunction = () => {
    const breakers = new Breakers()
    for (let fault = 0; fault < 5; fault++) breakers.ended(F, NOT_THERE, 0)
    return breakers
  }

  it('keeps away that function, and no other', () => {
    const breakers = illFunction()
    assert.deepEqual([breakers.isUsable(F, 1), breakers.isUsable(G, 1)], [false, true])
    assert.deepEqual([breakers.of('lambda').state, breakers.of('lambda', 'g').state], ['closed', 'closed'])
    assert.deepEqual([breakers.of('lambda', 'f').state, breakers.of('lambda', 'f').ofFunction], ['open', true])
  })

  it('lets one attempt of it try, and closes when it is well', () => {
    const breakers = illFunction()
    breakers.started(F, 'probe', MINUTE_MS)
    assert.equal(breakers.isUsable(F, MINUTE_MS + 1), false)
    breakers.ended(F, SUCCEEDED, MINUTE_MS + 2)
    assert.deepEqual([breakers.isUsable(F, MINUTE_MS + 3), breakers.of('lambda', 'f').state], [true, 'closed'])
  })

  it('learns nothing from a fault of the back-end: another attempt tries', () => {
    const breakers = illFunction()
    breakers.started(F, 'probe', MINUTE_MS)
    breakers.ended(F, UNAVAILABLE, MINUTE_MS + 2)
    assert.deepEqual([breakers.isUsable(F, MINUTE_MS + 2), breakers.of('lambda').faults], [true, 1])
  })

  it('is an answer of the back-end: faults of that are counted anew', () => {
    const breakers = new Breakers()
    for (let fault = 0; fault < 4; fault++) breakers.ended(G, UNAVAILABLE, 0)
    breakers.ended(F, NOT_THERE, 0)
    breakers.ended(G, UNAVAILABLE, 0)
    assert.equal(breakers.isUsable(G, 1), true)
  })
})
