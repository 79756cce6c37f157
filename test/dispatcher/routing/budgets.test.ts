/** What functions spend: expected while it runs, right when it has ended, and what others spend too. */
import assert from 'node:assert/strict'
import { Budgets } from '../../../dispatcher/routing/budgets.js'

const HOUR = 3_600_000
const T0 = Date.UTC(2026, 10, 28, 12)
const attempt = (number = 1) => ({ function: 'f', invocation: 'i', attempt: number })

describe('budgets', () => {
  let budgets: Budgets
  beforeEach(() => (budgets = new Budgets()))
  const spent = (at = T0) => Math.round(budgets.of('f').lastHour(at) * 1e6) / 1e6

  it('count a run with what it is expected to cost, then with what it did', () => {
    budgets.started(attempt(), 0.5, T0)
    assert.equal(spent(), 0.5)
    budgets.ended(attempt(), 0.2, T0 + 1000)
    assert.equal(spent(T0 + 1000), 0.2)
    assert.equal(budgets.of('g').lastHour(T0), 0)
  })

  it('count a run with what it is expected to cost until that is known, however it ended', () => {
    budgets.started(attempt(), 0.5, T0)
    budgets.ended(attempt(), undefined, T0)
    assert.equal(spent(), 0.5)
    budgets.ended(attempt(), 0.125, T0 + 60_000)
    assert.equal(spent(T0 + 60_000), 0.125)
  })

  it('forget a run that no worker got to see', () => {
    budgets.started(attempt(1), 0.5, T0)
    budgets.undone(attempt(1))
    budgets.undone(attempt(1))
    assert.equal(spent(), 0)
  })

  it('count what others run while it is not paid for, and once', () => {
    const [own, others] = [attempt(1), { ...attempt(2), cost: 0.25, at: T0 }]
    budgets.started(own, 0.5, T0)
    budgets.find([{ ...own, cost: 7, at: T0 }, others])
    budgets.find([others])
    assert.equal(spent(), 0.75)
    budgets.find([])
    budgets.read([{ function: 'f', hour: T0, cost: 0.125 }], T0)
    assert.equal(spent(), 0.625)
  })

  it('set right what was read a moment before it was entered, or after', () => {
    budgets.started(attempt(1), 0.5, T0)
    budgets.read([{ function: 'f', hour: T0, cost: 0.25 }], T0)
    budgets.ended(attempt(1), 0.25, T0)
    budgets.read([{ function: 'f', hour: T0, cost: 0.25 }], T0)
    assert.equal(spent(), 0.25)
  })

  it('take from the record what others have spent, and nothing twice', () => {
    budgets.read([{ function: 'f', hour: T0 - HOUR, cost: 1 }], T0)
    assert.equal(spent(), 1)
    budgets.started(attempt(), 0.5, T0)
    budgets.ended(attempt(), 0.5, T0 + 1)
    const hours = [
      { function: 'f', hour: T0 - HOUR, cost: 1 },
      { function: 'f', hour: T0, cost: 0.75 },
    ]
    budgets.read(hours, T0 + 2)
    budgets.read(hours, T0 + 3)
    assert.equal(spent(T0 + 3), 1.75)
  })
})
