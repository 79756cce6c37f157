/** Work that waits when the private side is lost and when it comes back, with a real database. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { BackendsAtHand } from '../../../dispatcher/wiring/backends-at-hand.js'
import type { Capacity, WorkerBackend } from '../../../dispatcher/backends/backend.js'
import type { CallBackend } from '../../../dispatcher/backends/call-backend.js'
import type { Database } from '../../../dispatcher/database/database.js'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { Redecide } from '../../../dispatcher/routing/redecide.js'
import { Routing } from '../../../dispatcher/routing/routing.js'
import type { Release } from '../../../runtime/contract/release.js'
import { failure, functionSpec, newRelease, objectWork, T0 } from '../../support/database-work.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const CLAIM = { function: 'f', release: 1, worker: 'w' }

describe('deciding again', () => {
  const directory = temporaryDirectory()
  let database: Database
  let capacity: Capacity
  let routing: Routing
  let redecide: Redecide
  let backends: BackendsAtHand
  let release: Release
  let now: number

  beforeEach(async () => {
    now = T0
    capacity = { slots: 2, bootSeconds: 0, starting: [] }
    database = await openDatabase(`sqlite:${join(directory(), 'spillway.db')}`)
    const spec = functionSpec({
      image: 'busybox',
      memorySize: 2048,
      local: { memorySize: 1024 },
      routing: { expectedTime: 10, waitingBudget: 60 },
    })
    release = (await database.putRelease(newRelease('f', { spec }))).release
    backends = new BackendsAtHand()
    const home = { limits: { name: 'kubernetes', public: false }, capacity: () => capacity }
    backends.workers.push(home as unknown as WorkerBackend)
    const away = { limits: { name: 'lambda', public: true }, room: () => Infinity }
    backends.called.push(away as unknown as CallBackend)
    const find = async () => release
    routing = new Routing({ database, backends, release: find, idle: () => 0, dispatchers: () => 1, now: () => now })
    const log = () => undefined
    redecide = new Redecide({ database, routing, release: find, now: () => now, onDecided: () => undefined, log })
    await routing.open()
  })
  afterEach(() => database.close())

  async function accept(count: number): Promise<string[]> {
    const work = Array.from({ length: count }, (_, index) => objectWork('f', `k${index}`))
    for (const one of work) one.decision = routing.arrive(one.id, { release, input: one.input })
    return (await database.accept(work)).map(({ id }) => id)
  }
  async function round(): Promise<void> {
    const change = routing.look()
    const number = routing.books.beginCount()
    const backlogs = await database.backlogs(1000)
    await routing.counted(number, backlogs)
    redecide.look(change, backlogs)
    await redecide.idle()
  }
  const due = async (ids: readonly string[]) => {
    const records = await Promise.all(ids.map((id) => database.getInvocation(id)))
    return records.map((record) => (record!.decision.spillAt ?? Infinity) <= now)
  }

  it('sends over what waits for a back-end that has no room any more, and says why', async () => {
    const ids = await accept(4)
    await round()
    assert.deepEqual(await due(ids), [false, false, false, false])
    capacity = { ...capacity, slots: 0 }
    await round()
    assert.deepEqual(await due(ids), [true, true, true, true])
    const { decision } = (await database.getInvocation(ids[0]!))!
    assert.equal(decision.terms?.rule, 'expected-wait')
    assert.match(decision.reasons.at(-1)!.text, /^decided again at .*: kubernetes has no room any more$/)
  })

  it('sends over at once what has no place, though there is room for others', async () => {
    const noPlaceFor = release.spec
    capacity = { ...capacity, slotsFor: (spec) => (spec === noPlaceFor ? 0 : 2) }
    await round()
    assert.deepEqual(await due(await accept(1)), [true])
    const other = { ...release, spec: { ...release.spec } }
    const { terms } = routing.arrive('other', { release: other, input: objectWork('f', 'k').input })
    assert.equal(terms?.expectedWait?.seconds, 0)
  })

  it('keeps what has not gone when there is room again, the oldest first', async () => {
    capacity = { ...capacity, slots: 0 }
    await round()
    const ids = await accept(20)
    assert.ok((await due(ids)).every(Boolean))
    capacity = { ...capacity, slots: 2 }
    now += 1000
    await round()
    const found = await due(ids)
    const stay = found.filter((isDue) => !isDue).length
    assert.ok(stay >= 4 && stay <= 8, `${stay} stay`)
    assert.deepEqual(found, [...found].sort(), 'the oldest stay')
  })

  it('sends over a part when a part of the room is gone, and keeps what still waits when it is back', async () => {
    capacity = { ...capacity, slots: 16 }
    await round()
    const ids = await accept(48)
    const before = (await due(ids)).filter(Boolean).length
    capacity = { ...capacity, slots: 4 }
    await round()
    const after = (await due(ids)).filter(Boolean).length
    assert.ok(after > before && after < 48, `${after} are due, ${before} were`)
    capacity = { ...capacity, slots: 16 }
    await round()
    assert.equal((await due(ids)).filter(Boolean).length, before)
  })

  it('looks up what another dispatcher left running on a public back-end, when it takes over from it', async () => {
    const spec = { ...release.spec, routing: { ...release.spec.routing, budget: { perHour: 1 } } }
    const [id] = await accept(1)
    const decision = { ...(await database.getInvocation(id!))!.decision, spillAt: now }
    await database.redecide([{ invocation: id!, decision }])
    const spent = () => routing.situation({ ...release, spec }).spending!.lastHour(now)
    await database.claim({ ...CLAIM, backend: 'lambda', now, leaseUntil: now + 1000 })
    await round()
    assert.equal(spent(), 0)
    routing.spendingIsOld()
    await round()
    assert.ok(spent() > 0)
  })

  it('sends over what comes back to a queue that nobody takes from any more, and nothing while somebody does', async () => {
    await accept(1)
    await round()
    const claim = (await database.claim({ ...CLAIM, backend: 'kubernetes', now, leaseUntil: now + 1000 }))!
    const attempt = (await database.runningAttempt(claim))!
    assert.equal(await routing.afterFailure(attempt, 'worker-lost'), undefined)
    capacity = { ...capacity, slots: 0 }
    await round()
    assert.equal(await routing.afterFailure(attempt, 'cancelled'), undefined)
    const decision = (await routing.afterFailure(attempt, 'worker-lost'))!
    await database.settle(failure('worker-lost', { ...claim, to: 'queued', decision, now }))
    assert.deepEqual(await due([claim.invocation]), [true])
    const again = (await database.getInvocation(claim.invocation))!.decision
    assert.match(again.reasons.at(-1)!.text, /^decided again at .*: kubernetes has no room any more$/)
  })

  it('does not send work back to where it ran out of memory', async () => {
    const local = { limits: { name: 'local', public: false }, capacity: () => ({ ...capacity, slots: 1 }) }
    backends.workers.push(local as unknown as WorkerBackend)
    await accept(2)
    const claim = (await database.claim({ ...CLAIM, backend: 'local', now, leaseUntil: now + 1000 }))!
    const attempt = (await database.runningAttempt(claim))!
    const decision = (await routing.afterFailure(attempt, 'out-of-memory'))!
    await database.settle(failure('out-of-memory', { ...claim, to: 'queued', decision, now }))
    assert.ok(decision.reasons.includes('run'), 'numbers, for which words are made when they are read')
    const { reasons } = (await database.getInvocation(claim.invocation))!.decision
    assert.match(reasons.find(({ code }) => code === 'expected-run')!.text, /^expected run time/)
    assert.deepEqual([...decision.eligible].sort(), ['kubernetes', 'lambda'])
    capacity = { ...capacity, slots: 0 }
    await round()
    const again = (await database.getInvocation(claim.invocation))!.decision
    assert.match(again.reasons.at(-1)!.text, /^decided again/)
    assert.deepEqual([...again.eligible].sort(), ['kubernetes', 'lambda'])
  })

  it('waits a little before it gives up a back-end that cannot be reached', async () => {
    const ids = await accept(1)
    capacity = { ...capacity, illSince: now }
    await round()
    assert.deepEqual(await due(ids), [false])
    now += 70_000
    await round()
    assert.deepEqual(await due(ids), [true])
  })
})
