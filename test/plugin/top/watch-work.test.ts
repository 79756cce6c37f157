import assert from 'node:assert/strict'
import { WatchWork } from '../../../plugin/top/watch-work.js'
import { SmallDispatcher, T0 } from './records.js'

describe('watching work', () => {
  let client: SmallDispatcher
  let watch: WatchWork

  beforeEach(() => {
    client = new SmallDispatcher()
    watch = new WatchWork({ client, names: ['f'], now: () => client.now })
  })

  it('counts what each back-end did and took, and keeps the course of it', async () => {
    const [home, over, waits] = ['a', 'b', 'c'].map((key) => client.accept(key))
    client.start(home!, 'local')
    await watch.look()
    client.now += 2000
    client.start(over!, 'lambda')
    await watch.look()
    client.now += 3000
    client.end(home!)
    client.end(over!, { cost: 0.25 })
    const view = await watch.look()
    assert.deepEqual(
      view.backends.map(({ name, running, succeeded, failed, cost }) => [name, running, succeeded, failed, cost]),
      [
        ['local', 0, 1, 0, undefined],
        ['lambda', 0, 1, 0, 0.25],
      ],
    )
    assert.equal(view.waiting, 1)
    assert.deepEqual(view.samples, [
      { waiting: 2, private: 1, public: 0 },
      { waiting: 1, private: 1, public: 1 },
      { waiting: 1, private: 0, public: 0 },
    ])
    assert.equal(watch.isDone, false)
    client.start(waits!, 'local')
    client.end(waits!)
    await watch.look()
    assert.equal(watch.isDone, true)
  })

  it('says of each where it is, how long that took, and why', async () => {
    const [home, over, waits] = ['deep/a', 'b', 'c'].map((key) => client.accept(key))
    client.now = T0 + 1000
    client.start(home!, 'local')
    client.now = T0 + 4500
    client.start(over!, 'lambda')
    client.end(over!, { cost: 0.5 })
    const { work } = await watch.look()
    assert.deepEqual(
      work.map(({ name, state, backend, waited, took, cost, why }) => [name, state, backend, waited, took, cost, why]),
      [
        ['a', 'running', 'local', 1, undefined, undefined, 'a private slot was free in time'],
        ['b', 'succeeded', 'lambda', 4.5, 0, 0.5, 'no private slot in 4 s: went over'],
        ['c', 'queued', undefined, undefined, undefined, undefined, 'waits for a private slot, 4 s at most'],
      ],
    )
    assert.equal(waits!.state, 'queued')
  })

  it('says what waiting was foreseen, that of others too', async () => {
    const record = client.accept('a')
    const expectedWait = { seconds: 2.5, raw: 2.5, others: 8 }
    record.decision.terms = { rule: 'expected-wait', expectedWait, waitingBudget: 4 }
    const why = async () => (await watch.look()).work[0]!.why
    const foreseen = 'a wait of 2.5 s, 8 s for others, worth 4 s'
    assert.equal(await why(), `${foreseen}: goes over when there is room`)
    client.start(record, 'lambda')
    assert.equal(await why(), `${foreseen}: over at once`)
    record.attempts++
    record.decision.terms = { rule: 'expected-wait', expectedWait: { seconds: null, raw: null }, waitingBudget: 4 }
    assert.equal(await why(), 'no private slot foreseen: over at once')
  })

  it('says why something failed, whatever had been decided', async () => {
    const record = client.accept('a')
    client.start(record, 'lambda')
    client.end(record, { cause: 'timeout' })
    const { work, backends } = await watch.look()
    assert.equal(work[0]!.why, 'timeout')
    assert.deepEqual([backends[1]!.succeeded, backends[1]!.failed], [0, 1])
  })

  it('reads a record only when there is news of it', async () => {
    const record = client.accept('a')
    for (let look = 0; look < 3; look++) await watch.look()
    assert.deepEqual(client.asked, [record.id])
    client.start(record, 'local')
    for (let look = 0; look < 3; look++) await watch.look()
    client.end(record)
    for (let look = 0; look < 3; look++) await watch.look()
    assert.equal(client.asked.length, 3)
  })

  it('takes in a burst over several looks, and counts every piece once', async () => {
    const records = Array.from({ length: 150 }, (_, index) => client.accept(`${index}`))
    for (const record of records) {
      client.start(record, 'lambda')
      client.end(record, { cost: 0.01 })
    }
    let view = await watch.look()
    assert.equal(watch.isDone, false)
    for (let look = 0; look < 5 && !watch.isDone; look++) view = await watch.look()
    assert.equal(view.backends[1]!.succeeded, 150)
    assert.ok(Math.abs(view.backends[1]!.cost! - 1.5) < 1e-9)
    assert.equal(new Set(client.asked).size, client.asked.length)
  })

  it('leaves out what was over before', async () => {
    const record = client.accept('a')
    client.start(record, 'local')
    client.end(record)
    client.now += 1000
    watch = new WatchWork({ client, names: ['f'], now: () => client.now })
    const { work, backends } = await watch.look()
    assert.deepEqual([work, backends[0]!.succeeded, watch.isDone], [[], 0, false])
  })
})
