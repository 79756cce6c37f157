import assert from 'node:assert/strict'
import { Breakers } from '../../../dispatcher/routing/breakers.js'

const MINUTE_MS = 60_000

/** Ill after five faults in a row. */
function ill(): Breakers {
  const breakers = new Breakers()
  for (let fault = 0; fault < 5; fault++) breakers.ended('lambda', 'backend-unavailable', 0)
  assert.equal(breakers.of('lambda').state, 'open')
  return breakers
}

describe('the breaker of a back-end', () => {
  it('lets one attempt try whether it is well again, and closes when it is', () => {
    const breakers = ill()
    assert.equal(breakers.isUsable('lambda', 0), false)
    breakers.started('lambda', 'probe', MINUTE_MS)
    assert.equal(breakers.of('lambda').state, 'half-open')
    assert.equal(breakers.isUsable('lambda', MINUTE_MS + 1), false)
    breakers.ended('lambda', undefined, MINUTE_MS + 2)
    assert.equal(breakers.of('lambda').state, 'closed')
  })

  it('lets another one try at once when that one was called off', () => {
    const breakers = ill()
    breakers.started('lambda', 'probe', MINUTE_MS)
    breakers.calledOff('other', MINUTE_MS + 1)
    assert.equal(breakers.isUsable('lambda', MINUTE_MS + 1), false)
    breakers.calledOff('probe', MINUTE_MS + 2)
    assert.equal(breakers.isUsable('lambda', MINUTE_MS + 2), true)
    breakers.started('lambda', 'next', MINUTE_MS + 3)
    assert.equal(breakers.of('lambda').state, 'half-open')
  })

  it('stays closed when work is called off that was no probe', () => {
    const breakers = ill()
    breakers.started('lambda', 'probe', MINUTE_MS)
    breakers.ended('lambda', undefined, MINUTE_MS + 1)
    breakers.calledOff('probe', MINUTE_MS + 2)
    assert.equal(breakers.of('lambda').state, 'closed')
  })
})
