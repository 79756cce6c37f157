/** When the private side has changed so much that what waits has to be decided about again. */
import assert from 'node:assert/strict'
import { Homes } from '../../../dispatcher/routing/homes.js'

describe('a change of the private side', () => {
  let homes: Homes
  const look = (slots: number, { illSince = undefined as number | undefined, now = 0 } = {}) => {
    const capacity = { slots, bootSeconds: 0, starting: [], ...(illSince === undefined ? {} : { illSince }) }
    return homes.look(new Map([['kubernetes', capacity]]), now)
  }
  beforeEach(() => {
    homes = new Homes()
    assert.equal(look(10), undefined)
  })

  it('is told when there is no room any more, and when there is again', () => {
    assert.equal(look(0), 'kubernetes has no room any more')
    assert.equal(look(0), undefined)
    assert.equal(homes.lost, 'kubernetes has no room any more')
    assert.equal(look(3), 'kubernetes takes work again')
    assert.equal(homes.lost, undefined)
  })

  it('is told when half of the room is gone, be it bit by bit, and when there is twice as much', () => {
    assert.deepEqual([look(8), look(6)], [undefined, undefined])
    assert.equal(look(5), 'kubernetes has room for 5 at once, where it had room for 10')
    assert.deepEqual([look(4), look(9)], [undefined, undefined])
    assert.equal(look(10), 'kubernetes has room for 10 at once, where it had room for 5')
  })

  it('is not told of one slot more or fewer, with which a back-end may try what it holds', () => {
    assert.equal(look(1), 'kubernetes has room for 1 at once, where it had room for 10')
    assert.deepEqual([look(2), look(1), look(2)], [undefined, undefined, undefined])
    assert.equal(look(3), 'kubernetes has room for 3 at once, where it had room for 1')
  })

  it('is told of a back-end that cannot be reached after ten seconds', () => {
    assert.equal(look(10, { illSince: 1000, now: 10_999 }), undefined)
    assert.equal(look(10, { illSince: 1000, now: 11_000 }), 'kubernetes cannot be reached')
    assert.equal(look(10, { now: 12_000 }), 'kubernetes takes work again')
  })
})
