/** What functions spend: expected while it runs, right when it has ended, and what others spend too. */
import assert from 'node:assert/strict'
import { Budgets } from '../../../dispatcher/routing/budgets.js'

const HOUR = 3_600_000
const T0 = Date.UTC(2026, 10, 28, 12)
const attempt = (number = 1) => ({ function: 'f', invocation: 'i', attempt: number })
const known = { isLost: false }

describe('budgets', () => {
  let budgets: Budgets
  beforeEach(() => (budgets = new Budgets()))
  const spent = (at = T0) => Math.round(budgets.of('f').lastHour(at) * 1e6) / 1e6

  it('count a run with what it is expected to cost, then with what it did', () => {
    budgets.started(attempt(), 0.5, T0)
    assert.equal(spent(), 0.5)
    budgets.ended(attempt(), { cost: 0.2, ...known }, T0 + 1000)
    assert.equal(spent(T0 + 1000), 0.2)
    assert.equal(budgets.of('g').lastHour(T0), 0)
  })

  it('forget a run that nobody is paid for, and keep one that is lost', () => {
    budgets.started(attempt(1), 0.5, T0)
    budgets.ended(attempt(1), { cost: undefined, ...known }, T0)
    assert.equal(spent(), 0)
    budgets.started(attempt(2), 0.5, T0)
    budgets.ended(attempt(2), { cost: undefined, isLost: true }, T0)
    assert.equal(spent(), 0.5)
  })

  it('forget a run that no worker got to see, and keep one that was cancelled on its way', () => {
    budgets.started(attempt(1), 0.5, T0)
    budgets.undone(attempt(1))
    budgets.undone(attempt(1))
    assert.equal(spent(), 0)
    budgets.started(attempt(2), 0.25, T0)
    budgets.dropped('i')
    assert.deepEqual([spent(), budgets.knows(attempt(2))], [0.25, false])
  })

  it('take from the record what others have spent, and nothing twice', () => {
    budgets.read([{ function: 'f', hour: T0 - HOUR, cost: 1 }], T0)
    assert.equal(spent(), 1)
    budgets.started(attempt(), 0.5, T0)
    budgets.ended(attempt(), { cost: 0.5, ...known }, T0 + 1)
    const hours = [
      { function: 'f', hour: T0 - HOUR, cost: 1 },
      { function: 'f', hour: T0, cost: 0.75 },
    ]
    budgets.read(hours, T0 + 2)
    budgets.read(hours, T0 + 3)
    assert.equal(spent(T0 + 3), 1.75)
  })
})
