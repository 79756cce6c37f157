/** `explain` shows every term that a decision was made with, of work that could run on either side within a budget. */
import assert from 'node:assert/strict'
import { History } from '../../dispatcher/router/history.js'
import { Spending } from '../../dispatcher/router/spending.js'
import { explanation } from '../../plugin/commands/explain.js'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { crossroads, NOW, workWith } from '../support/crossroads.js'
import { decide } from '../support/decide.js'

const LOCAL = { limits: { name: 'local', public: false, memoryMax: 512 } } as const

function decided() {
  const runTimes = new History()
  for (let run = 0; run < 50; run++)
    runTimes.learn({ function: 'f', backend: 'kubernetes', inputBytes: 1000, seconds: 100 })
  const spending = new Spending()
  spending.add(0.75, NOW - 60_000)
  const { backends } = crossroads({ running: 2, waiting: 10 })
  const routing = { waitingBudget: { factor: 0.5 }, budget: { perHour: 1, perMonth: 20 } }
  const situation = { now: NOW, backends: [LOCAL, ...backends], runTimes, spending }
  return decide(workWith({ memorySize: 1024, routing }), situation)
}

const record = (): InvocationRecord => ({
  id: '0190-a',
  function: 'plants-dev-classify',
  release: 3,
  state: 'queued',
  input: {
    kind: 'object',
    event: { storage: 'lake', bucket: 'in', key: 'cat.jpg', size: 1000, time: new Date(NOW).toISOString() },
  },
  acceptedAt: NOW,
  attempts: 0,
  decision: decided(),
  moves: [{ at: NOW, to: 'queued' }],
  tries: [],
  outputs: [],
})

describe('explain', () => {
  const text = explanation(record()).join('\n')
  const shows = (what: string, pattern: RegExp) => it(`shows ${what}`, () => assert.match(text, pattern))

  shows(
    'where it may run, preferred first, and from when',
    /lambda, kubernetes\n +may spill over from 2026-11-28T12:00:00/,
  )
  shows('the rule that decided', /decided by the rule expected-wait/)
  shows('the limit that keeps it from a back-end, with both numbers', /local: memorySize 1,024 MB is over 512 MB/)
  shows(
    'the expected run time and what it is known from',
    /expected run time 1 min 40 s, the average of 50 runs with .* of input; 95 of 100 end within 1 min 40 s/,
  )
  shows(
    'the expected wait, its own and that of others',
    /expected to wait .+ for a private slot; others would wait .+ more/,
  )
  shows(
    'the waiting budget and how it came about',
    /waiting budget 50 s \(0.5 x 1 min 40 s x 1 vCPU\) is less than that/,
  )
  shows(
    'the price, and what is left of the budgets',
    /lambda: a run costs about 0.0017 USD; left 0.25 USD of the hour and 19.25 USD of the month/,
  )

  it('has the same numbers for programs', () => {
    const { terms } = decided()
    assert.deepEqual(terms?.expectedRun, {
      seconds: 100,
      upper: 100,
      samples: 50,
      basis: 'learned',
      sizes: 'with 256 B to 1 kB of input',
    })
    assert.ok(terms.expectedWait!.seconds! > 50)
    assert.deepEqual([terms.waitingBudget, terms.hold, terms.rule], [50, 0, 'expected-wait'])
    assert.ok(Math.abs(terms.cost! - 0.0016669) < 1e-6, String(terms.cost))
    assert.deepEqual(terms.budgetLeft, { perHour: 0.25, perMonth: 19.25 })
  })

  it('sets what would be decided now beside what was', () => {
    const lines = explanation(record(), { ...decided(), reasons: [{ code: 'price', text: 'another price' }] })
    assert.ok(lines.includes('  as things stand now:') && lines.includes('    another price'))
  })
})
