/** How decisions are kept: see also the properties of every decision. */
import assert from 'node:assert/strict'
import { keepDecision, readDecision } from '../../../dispatcher/database/sql/decisions.js'
import type { BriefDecision, Decision } from '../../../runtime/contract/decision.js'

describe('a decision on record', () => {
  it('is read as earlier versions kept it', () => {
    const kept: Decision = {
      eligible: ['local', 'lambda'],
      spillAt: 5000,
      reasons: [{ code: 'waiting-budget', text: 'waiting budget 4 s' }],
      terms: { rule: 'waiting-budget', expectedWait: { seconds: null, raw: null }, hold: null },
    }
    assert.deepEqual(readDecision(JSON.stringify(kept)), kept)
  })

  it('keeps apart what is absent and what has no end', () => {
    const limit = { code: 'limit', text: 'lambda: memorySize 12,000 MB is over 10,240 MB' } as const
    const of = (terms: BriefDecision['terms']): Decision => ({
      eligible: ['local'],
      spillAt: null,
      reasons: [limit],
      ...(terms ? { terms } : {}),
    })
    for (const decision of [
      of(undefined),
      of({ rule: 'fits-nowhere' }),
      of({ rule: 'only-backend', hold: null }),
      of({ rule: 'waiting-budget', hold: 0, expectedWait: { seconds: null, raw: null, others: 0 } }),
      of({ rule: 'deadline', deadlineAt: 9, deadline: { seconds: 3, note: 'latest' }, budgetLeft: { perMonth: 0 } }),
    ])
      assert.deepEqual(readDecision(keepDecision(decision)), decision)
  })

  it('is much shorter than what it says', () => {
    const decision: BriefDecision = {
      eligible: ['lambda', 'local'],
      spillAt: 1_795_884_458_149,
      reasons: ['run', 'wait', 'stay', 'price'],
      terms: {
        rule: 'expected-wait',
        expectedRun: { seconds: 300, upper: 300, samples: 0, basis: 'timeout' },
        expectedWait: { seconds: 150, raw: 150, others: 600, free: 0, capacity: 2 },
        waitingBudget: 162,
        waitingBudgetFrom: { factor: 0.9, cpu: 0.6 },
        hold: 0,
        cost: 0.005,
      },
    }
    const kept = keepDecision(decision)
    assert.ok(4 * kept.length < JSON.stringify(readDecision(kept)).length, kept)
  })
})
