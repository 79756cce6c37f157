/** What has been spent in the hour and in the month, and from when there is room. */
import assert from 'node:assert/strict'
import { Spending } from '../../../dispatcher/router/spending.js'

const MINUTE = 60_000
const NOW = Date.UTC(2026, 10, 30, 23, 30)
const DECEMBER = Date.UTC(2026, 11, 1)

describe('spending', () => {
  let spending: Spending
  beforeEach(() => {
    spending = new Spending()
    spending.add(0.5, NOW - 50 * MINUTE)
    spending.add(0.25, NOW)
  })

  it('of an hour leaves it minute by minute', () => {
    assert.equal(spending.lastHour(NOW), 0.75)
    assert.equal(spending.lastHour(NOW + 11 * MINUTE), 0.25)
    assert.equal(spending.lastHour(NOW + 61 * MINUTE), 0)
  })

  it('of a month ends with it, by UTC', () => {
    assert.equal(spending.thisMonth(DECEMBER - 1), 0.75)
    assert.equal(spending.thisMonth(DECEMBER), 0)
    spending.add(0.125, DECEMBER)
    assert.equal(spending.thisMonth(DECEMBER), 0.125)
    assert.equal(spending.lastHour(DECEMBER), 0.375)
  })

  it('is set right in the minute in which it was entered', () => {
    spending.add(-0.5, NOW - 50 * MINUTE)
    assert.deepEqual([spending.lastHour(NOW), spending.thisMonth(NOW)], [0.25, 0.25])
  })

  it('leaves room at once, when minutes have left the hour, next month, or never', () => {
    assert.equal(spending.roomAt(0.25, { perHour: 1, perMonth: 1 }, NOW), NOW)
    assert.equal(spending.roomAt(0.5, { perHour: 1 }, NOW), NOW + 11 * MINUTE)
    assert.equal(spending.roomAt(0.5, { perMonth: 1 }, NOW), DECEMBER)
    assert.equal(spending.roomAt(2, { perHour: 1, perMonth: 10 }, NOW), Infinity)
  })

  it('comes back from where it was stored', () => {
    const read = Spending.from(spending.toJSON())
    assert.deepEqual([read.lastHour(NOW), read.thisMonth(NOW)], [0.75, 0.75])
  })
})
