/** The books of the private side, against the record as one or several dispatchers write it. */
import assert from 'node:assert/strict'
import type { Backlog, RunningAttempt } from '../../../dispatcher/database/database.js'
import { knownRunTime } from '../../../dispatcher/router/run-time.js'
import { Books } from '../../../dispatcher/routing/books.js'
import type { Decision } from '../../../runtime/contract/decision.js'
import type { Release } from '../../../runtime/contract/release.js'
import { functionSpec } from '../../support/database-work.js'

const T0 = 1_000_000
const spec = functionSpec({ cpu: 1 })
const release: Release = { function: 'f', number: 1, spec, packageDigest: '', createdAt: 0 }
const run = knownRunTime(10)
const expectedRun = { seconds: 10, upper: 10, samples: 9, basis: 'learned' as const }

const decision = (more: Partial<Decision> = {}): Decision => ({
  eligible: ['local', 'lambda'],
  spillAt: T0 + 60_000,
  reasons: [],
  terms: { rule: 'waiting-budget', expectedRun, expectedWait: { seconds: 5, raw: 5 } },
  ...more,
})
const backlog = (queued: number, running = 0): Backlog => ({
  function: 'f',
  release: 1,
  queued,
  queuedFor: { local: queued, lambda: queued },
  running,
  runningOn: { local: running },
})

describe('books', () => {
  let books: Books
  beforeEach(() => {
    books = new Books(() => ['local'])
    books.look('local', { slots: 2, bootSeconds: 0, starting: [] }, T0)
  })

  const arrive = (id: string, more: Partial<Decision> = {}) =>
    books.arrived({ id, release, decision: decision(more), now: T0 })
  const start = (id: string, backend: 'local' | 'lambda' = 'local') =>
    books.started({ id, release, backend, run, now: T0 })
  const count = (...backlogs: Backlog[]) => books.counted(books.beginCount(), backlogs)
  const waiting = () => {
    const pieces = Array.from(books.ledger.load('local', T0)!.waiting)
    return pieces.reduce((sum, piece) => sum + piece, 0)
  }
  const free = () => books.ledger.load('local', T0)!.free

  it('show every arrival to the next one, before it is on record', () => {
    for (const id of ['a', 'b', 'c']) arrive(id)
    assert.equal(waiting(), 3)
    books.dropped('b', T0)
    assert.equal(waiting(), 2)
  })

  it('count what is on record once, whoever accepted it', () => {
    for (const id of ['a', 'b']) arrive(id)
    books.committed('a')
    const number = books.beginCount()
    books.committed('b')
    books.counted(number, [backlog(5)])
    assert.equal(waiting(), 6, 'a is among the five, b was committed after they were counted')
    count(backlog(6))
    assert.equal(waiting(), 6)
    count()
    assert.equal(waiting(), 0)
  })

  it('follow work to where it runs, and give its place back', () => {
    arrive('a')
    start('a')
    assert.deepEqual([waiting(), free()], [0, 1])
    books.ended('a')
    assert.equal(free(), 2)
    books.committed('b')
    count(backlog(3))
    start('b')
    assert.deepEqual([waiting(), free()], [2, 1])
    start('c', 'lambda')
    assert.deepEqual([waiting(), free()], [1, 1])
  })

  it('do not count as waiting what goes over at once', () => {
    arrive('a', { spillAt: T0, terms: { rule: 'expected-wait', expectedRun } })
    count(backlog(1))
    assert.equal(waiting(), 0)
    start('a', 'lambda')
    count(backlog(1))
    assert.equal(waiting(), 1)
  })

  it('count as waiting at home what would go over if there was room, until it starts on either side', () => {
    for (const id of ['a', 'b']) arrive(id, { spillAt: T0, terms: { rule: 'no-room', expectedRun } })
    arrive('c', { spillAt: T0, terms: { rule: 'expected-wait', expectedRun } })
    assert.deepEqual([waiting(), books.ahead], [2, 3])
    for (const id of ['a', 'b', 'c']) books.committed(id)
    count(backlog(3))
    assert.deepEqual([waiting(), books.ahead], [2, 3])
    start('c', 'lambda')
    start('a', 'lambda')
    start('b')
    assert.deepEqual([waiting(), books.ahead, free()], [0, 0, 1])
  })

  it('forget what another dispatcher has started over there', () => {
    for (const id of ['a', 'b', 'c']) {
      arrive(id, { spillAt: T0, terms: { rule: 'no-room', expectedRun } })
      books.committed(id)
    }
    count(backlog(3))
    count(backlog(1))
    assert.deepEqual([waiting(), books.ahead], [1, 1])
  })

  it('find out what others run, and what was lost', () => {
    start('a')
    assert.equal(count(backlog(0, 1)), true)
    assert.equal(count(backlog(0, 2)), false)
    const attempt = { function: 'f', release: 1, invocation: 'z', attempt: 1, backend: 'local', startedAt: T0 }
    books.setRunning([{ attempt: attempt as RunningAttempt, release, run }])
    assert.deepEqual([free(), count(backlog(0, 1))], [1, true])
  })

  it('count what a function takes on the cluster, where it has another number there', () => {
    const own = { ...release, spec: { ...spec, kubernetes: { cpu: 4 } } }
    const cluster = new Books(() => ['kubernetes'])
    cluster.look('kubernetes', { slots: 9, vcpu: { all: 16, largestFree: 16 }, bootSeconds: 0, starting: [] }, T0)
    for (const id of ['a', 'b', 'c'])
      cluster.arrived({ id, release: own, decision: decision({ eligible: ['kubernetes', 'lambda'] }), now: T0 })
    cluster.started({ id: 'a', release: own, backend: 'kubernetes', run, now: T0 })
    const load = cluster.ledger.load('kubernetes', T0)!
    assert.deepEqual([Array.from(load.waiting).reduce((sum, units) => sum + units), load.free], [8, 12])
  })

  it('count in vCPU where those are what runs shares, and put right what was entered before that was known', () => {
    const large = { ...release, spec: functionSpec({ cpu: 4 }) }
    books.started({ id: 'a', release: large, backend: 'local', run, now: T0 })
    assert.equal(free(), 1)
    const vcpu = { all: 16, largestFree: 3 }
    books.look('local', { slots: 9, vcpu, bootSeconds: 5, starting: [{ worker: 'w', since: T0, cpu: 2 }] }, T0)
    const { unit, capacity, largestFree } = books.ledger.load('local', T0)!
    assert.deepEqual([unit, capacity, free(), largestFree], ['vcpu', 16, 16 - 4 - 2, 3])
    books.look('local', { slots: 9, bootSeconds: 5, starting: [] }, T0)
    assert.deepEqual([books.ledger.load('local', T0)!.unit, free()], ['attempt', 8])
    books.ended('a')
    assert.equal(free(), 9)
  })

  it('count a worker that is on its way up as taken until it is there', () => {
    books.look('local', { slots: 2, bootSeconds: 5, starting: [{ worker: 'w', since: T0 }] }, T0)
    assert.equal(free(), 1)
    books.look('local', { slots: 2, bootSeconds: 5, starting: [] }, T0)
    assert.equal(free(), 2)
  })
})
