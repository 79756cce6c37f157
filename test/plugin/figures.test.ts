import assert from 'node:assert/strict'
import fc from 'fast-check'
import { figuresOf } from '../../plugin/figures.js'
import type { InvocationSummary } from '../../runtime/contract/dispatcher-api.js'
import { STATES } from '../../runtime/contract/invocation.js'
import { CAUSE_NAMES } from '../../runtime/contract/outcome.js'

const summary = (facts: Partial<InvocationSummary>): InvocationSummary => ({
  id: 'x',
  function: 'f',
  release: 1,
  state: 'succeeded',
  input: { kind: 'request', size: 0, contentType: 'text/plain', time: '2026-01-01T00:00:00Z' },
  acceptedAt: 0,
  attempts: 1,
  ...facts,
})
const ran = (milliseconds: number, facts: Partial<InvocationSummary> = {}) =>
  summary({ startedAt: 1000, endedAt: 1000 + milliseconds, ...facts })

describe('the figures of invocations', () => {
  it('are nothing for none', () => {
    const none = { invocations: 0, succeeded: 0, cancelled: 0, open: 0, throttles: 0, errors: [] }
    assert.deepEqual(figuresOf([]), none)
  })

  it('count what ended how, errors by cause, most first', () => {
    const figures = figuresOf([
      ran(10),
      ran(20, { state: 'failed', cause: 'timeout' }),
      ran(30, { state: 'failed', cause: 'script-exit' }),
      ran(40, { state: 'failed', cause: 'script-exit' }),
      summary({ state: 'queued', cause: 'throttled' }),
      summary({ state: 'running', startedAt: 1000 }),
      ran(9999, { state: 'cancelled', cause: 'cancelled' }),
    ])
    assert.deepEqual(figures, {
      invocations: 7,
      succeeded: 1,
      cancelled: 1,
      open: 2,
      throttles: 1,
      errors: [
        { cause: 'script-exit', count: 2 },
        { cause: 'timeout', count: 1 },
      ],
      duration: { average: 25, p50: 20, p95: 40 },
    })
  })

  it('have as p95 what 95 of 100 did not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => ran(index + 1))
    assert.deepEqual(figuresOf(hundred).duration, { average: 50.5, p50: 50, p95: 95 })
    assert.deepEqual(figuresOf([ran(7)]).duration, { average: 7, p50: 7, p95: 7 })
  })

  it('add up, whatever happened', () => {
    const any = fc.record({
      state: fc.constantFrom(...STATES),
      cause: fc.constantFrom(...CAUSE_NAMES),
      startedAt: fc.option(fc.nat(), { nil: undefined }),
      endedAt: fc.option(fc.nat(), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(any), (list) => {
        const figures = figuresOf(list.map((facts) => summary(facts as Partial<InvocationSummary>)))
        const errors = figures.errors.reduce((sum, { count }) => sum + count, 0)
        assert.equal(figures.succeeded + figures.cancelled + figures.open + errors, list.length)
        if (figures.duration) assert.ok(figures.duration.p50 <= figures.duration.p95)
      }),
    )
  })
})
