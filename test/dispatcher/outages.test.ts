/** What is away, how it is found out, and when it is asked for again; the clock is an argument. */
import assert from 'node:assert/strict'
import { Outages, type StoredObject } from '../../dispatcher/outages.js'
import type { SpillwayError } from '../../runtime/contract/errors.js'
import { T0 } from '../support/database-work.js'
import { eventually } from '../support/eventually.js'
import { FakeStore, full, refused, unavailable } from '../support/fake-store.js'

const HOUR_MS = 3_600_000
const A: StoredObject = { storage: 'lake', bucket: 'in', key: 'a' }
const rule = (bucket: string, storage = 'lake') => ({ storage, bucket, prefix: '', suffix: [] })
const reads = (...input: ReturnType<typeof rule>[]) => ({ input, output: [] })

describe('an outage', () => {
  let store: FakeStore
  let outages: Outages
  let now: number
  let told: string[]
  let overs: number

  beforeEach(() => {
    store = new FakeStore()
    now = T0
    told = []
    overs = 0
    outages = new Outages({
      store: () => store.asStore(),
      now: () => now,
      log: (level, message) => void told.push(`${level}: ${message}`),
      onOver: () => void overs++,
    })
  })

  /** The fault is noted, and what it means has been found out. */
  async function noted(fault: SpillwayError, object = A): Promise<void> {
    const before = store.asked.length
    outages.noteInput(object, fault)
    await eventually(() => store.asked.length > before)
    await settled()
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('is of the whole storage when it does not answer, of one bucket when it refuses', async () => {
    store.isAway()
    await noted(unavailable())
    assert.deepEqual([outages.holds(reads(rule('in'))), outages.holds(reads(rule('other')))], [true, true])
    store.isBack()
    now += HOUR_MS
    outages.look()
    await eventually(() => overs === 1)
    store.refuses(({ bucket }) => bucket === 'in')
    await noted(refused())
    assert.deepEqual([outages.holds(reads(rule('in'))), outages.holds(reads(rule('other')))], [true, false])
    assert.equal(outages.holds(reads(rule('in'), rule('other'))), false)
    assert.equal(outages.holds({ input: [], output: [] }), false)
    assert.deepEqual(outages.messages('lake'), [refused().message])
    assert.deepEqual(outages.messages('here'), [])
  })

  it('of results is of the bucket that refuses them; who reads there proves nothing, who may write ends it', async () => {
    const writes = (bucket: string) => ({ input: [], output: [{ ...rule(bucket), match: ['**'] }] })
    store.readOnly = true
    outages.noteOutput({ ...A, bucket: 'out' }, refused())
    await settled()
    assert.deepEqual([outages.holds(writes('out')), outages.holds(writes('other'))], [true, false])
    outages.answered({ ...A, bucket: 'out' })
    now += HOUR_MS
    outages.look()
    await settled()
    assert.equal(outages.holds(writes('out')), true)
    assert.deepEqual(told, [`warn: work that needs lake://out waits until it can be used: ${refused().message}`])
    store.readOnly = false
    now += HOUR_MS
    outages.look()
    await eventually(() => overs === 1)
    assert.equal(outages.holds(writes('out')), false)
    assert.equal(store.staged.size, 0)
  })

  it('is asked about less and less often, once a minute in the end, and told of once', async () => {
    store.isAway()
    await noted(unavailable())
    const times: number[] = []
    for (; now < T0 + HOUR_MS; now += 1000) {
      const before = store.asked.length
      outages.look()
      await settled()
      if (store.asked.length > before) times.push((now - T0) / 1000)
    }
    assert.deepEqual(times.slice(0, 8), [1, 2, 4, 8, 16, 32, 64, 124])
    assert.equal(times.at(-1)! - times.at(-2)!, 60)
    assert.deepEqual(told, [`warn: work that needs lake waits until it can be used: ${unavailable().message}`])
  })

  it('ends by itself: with the first answer, also that the object is gone', async () => {
    for (const isGone of [false, true]) {
      store.isAway()
      await noted(unavailable())
      if (isGone) store.lost('a')
      store.isBack()
      now += 1000
      outages.look()
      await eventually(() => !outages.holds(reads(rule('in'))))
    }
    assert.equal(overs, 2)
    assert.equal(told.at(-1), 'info: lake can be used again')
  })

  it('is of one object alone when the storage gives its listing', async () => {
    store.refuses(({ key }) => key === 'a')
    await noted(refused())
    await eventually(() => overs === 1)
    assert.deepEqual([outages.holds(reads(rule('in'))), outages.of(A)], [false, undefined])
    assert.deepEqual(outages.messages('lake'), [refused().message])
    now += 60_000
    assert.equal(outages.noteInput(A, refused()).until, now + 60_000, 'it waits as long again as it has waited')
    assert.equal(outages.holds(reads(rule('in'))), false)
    now += HOUR_MS
    assert.equal(outages.noteInput(A, refused()).until, now + 600_000)
    outages.answered(A)
    assert.deepEqual(outages.messages('lake'), [])
  })

  it('is looked for when a worker could not read what is there', async () => {
    assert.equal(await outages.confirms(A), false)
    assert.deepEqual(told, [])
    store.isAway('refused')
    assert.equal(await outages.confirms(A), false)
    assert.equal(outages.holds(reads(rule('in'))), true)
    store.isBack()
    store.lost('a')
    assert.equal(await outages.confirms(A), true)
  })

  it('of one object is forgotten when nobody asks for it any more', async () => {
    store.refuses(({ key }) => key === 'a')
    await noted(refused())
    now += HOUR_MS
    outages.look()
    assert.deepEqual(outages.messages('lake'), [])
  })

  it('of a full disk is over when something can be written, not when something can be read, and lets reading go on', async () => {
    const writes = { input: [rule('in')], output: [{ ...rule('out'), match: ['**'] }] }
    store.isFull = true
    outages.noteOutput({ ...A, bucket: 'out' }, full())
    await settled()
    for (const later of [1000, 1000, 2000]) {
      now += later
      outages.look()
      await settled()
      assert.deepEqual(
        [outages.holds(writes), outages.holds(reads(rule('in'))), outages.of(A)],
        [true, false, undefined],
      )
    }
    store.isFull = false
    now += 60_000
    outages.look()
    await eventually(() => !outages.holds(writes))
    assert.equal(store.staged.size, 0)
  })

  it('of a disk that has a little room now and then is over once a minute at most in the end', async () => {
    const writes = { input: [], output: [{ ...rule('out'), match: ['**'] }] }
    const ends: number[] = []
    for (; now < T0 + HOUR_MS; now += 1000) {
      const before = overs
      if (!outages.holds(writes)) outages.noteOutput({ ...A, bucket: 'out' }, full())
      else outages.look()
      await settled()
      await settled()
      if (overs > before) ends.push((now - T0) / 1000)
    }
    assert.ok(ends.length < 70, `over ${ends.length} times in an hour`)
    assert.ok(ends.at(-1)! - ends.at(-2)! >= 60, ends.slice(-3).join())
    now += HOUR_MS
    outages.look()
    await eventually(() => !outages.holds(writes))
    now += HOUR_MS
    const before = overs
    outages.noteOutput({ ...A, bucket: 'out' }, full())
    await eventually(() => overs > before)
  })

  it('of where results go holds work too, as it would be run in vain', async () => {
    store.isAway()
    outages.noteOutput({ ...A, bucket: 'out' }, unavailable())
    const writes = { input: [rule('in', 'here')], output: [{ ...rule('out'), match: ['**'] }] }
    assert.equal(outages.holds(writes), true)
    store.isBack()
    now += 1000
    outages.look()
    await eventually(() => !outages.holds(writes))
  })
})
