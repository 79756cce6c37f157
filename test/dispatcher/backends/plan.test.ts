import assert from 'node:assert/strict'
import fc from 'fast-check'
import { plan, type Crew } from '../../../dispatcher/backends/plan.js'

const crew = (key: string, more: Partial<Crew> = {}): Crew => ({
  key,
  queued: 0,
  running: 0,
  concurrency: Infinity,
  workers: 0,
  idle: [],
  ...more,
})

describe('plan of workers', () => {
  it('starts nothing without work', () => assert.deepEqual(plan([crew('a')], 2), { start: [], stop: [] }))

  it('fills the slots, and no more', () => assert.deepEqual(plan([crew('a', { queued: 9 })], 2).start, ['a', 'a']))

  it('shares slots between functions in turn', () =>
    assert.deepEqual(plan([crew('a', { queued: 9 }), crew('b', { queued: 9 })], 4).start, ['a', 'b', 'a', 'b']))

  it('keeps to the concurrency of a function', () =>
    assert.deepEqual(plan([crew('a', { queued: 9, concurrency: 1 })], 4).start, ['a']))

  it('starts no worker for work that an idle or starting one will take', () =>
    assert.deepEqual(plan([crew('a', { queued: 1, workers: 1, idle: ['w'] })], 4).start, []))

  it('takes the slot of an idle worker whose function has nothing to do', () =>
    assert.deepEqual(plan([crew('a', { queued: 1 }), crew('b', { workers: 1, idle: ['w'] })], 1), {
      start: ['a'],
      stop: ['w'],
    }))

  it('never takes the slot of a worker that is needed', () =>
    assert.deepEqual(plan([crew('a', { queued: 1 }), crew('b', { queued: 1, workers: 1, idle: ['w'] })], 1), {
      start: [],
      stop: [],
    }))

  it('never plans more workers than slots, whatever the queue', () => {
    const crews = fc.array(
      fc.record({
        queued: fc.nat(50),
        running: fc.nat(5),
        concurrency: fc.integer({ min: 1, max: 9 }),
        spare: fc.nat(5),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(crews, fc.integer({ min: 1, max: 16 }), (list, extra) => {
        const all = list.map(({ spare, ...facts }, index) =>
          crew(`k${index}`, {
            ...facts,
            workers: facts.running + spare,
            idle: Array.from({ length: spare }, (_, i) => `w${index}.${i}`),
          }),
        )
        const up = all.reduce((sum, { workers }) => sum + workers, 0)
        const { start, stop } = plan(all, up + extra)
        assert.ok(up + start.length - stop.length <= up + extra)
        assert.equal(new Set(stop).size, stop.length)
      }),
    )
  })
})
