import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { inChunks } from '../../../dispatcher/intake/chunks.js'
import { reconcile } from '../../../dispatcher/intake/reconcile.js'
import { StorageListing } from '../../../dispatcher/intake/storage-listing.js'
import type { InputRule } from '../../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../../runtime/contract/object-event.js'
import { eventually } from '../../support/eventually.js'
import { collect } from '../../support/streams.js'

const NOW = Date.parse('2026-08-01T12:00:00Z')
const rule = (prefix = '', bucket = 'b'): InputRule => ({ storage: 'lake', bucket, prefix, suffix: [] })
const event = (key: string, etag = 'e', ageMs = 60_000): ObjectEvent => ({
  storage: 'lake',
  bucket: 'b',
  key,
  size: 1,
  etag,
  time: new Date(NOW - ageMs).toISOString(),
})
const keyOf = (index: number) => `in/${String(index).padStart(6, '0')}`
const many = (count: number) => Array.from({ length: count }, (_, index) => event(keyOf(index)))

/** A store with these objects, and what happens to its listings. */
class Objects {
  events: ObjectEvent[] = []
  listings: string[] = []
  offered: ObjectEvent[] = []
  fault: Error | undefined
  /** A bucket that cannot be listed. */
  unlisted: string | undefined
  /** Listings wait for it. */
  gate: Promise<void> = Promise.resolve()

  store = () => ({ list: (bucket: string, prefix: string) => this.#list(bucket, prefix) })
  offer = async (events: ObjectEvent[]) => {
    this.offered.push(...events)
    return true
  }

  async *#list(bucket: string, prefix: string): AsyncGenerator<ObjectEvent> {
    this.listings.push(`${bucket}/${prefix}`)
    await this.gate
    if (this.fault) throw this.fault
    if (bucket === this.unlisted) throw new Error(`${bucket} cannot be listed`)
    yield* this.events.filter(({ key }) => key.startsWith(prefix))
  }

  take(): string[] {
    return this.offered.splice(0).map(({ key }) => key)
  }
}

describe('chunks of a listing', () => {
  it('are the listing, cut', async () => {
    const keys = fc.uniqueArray(fc.string(), { maxLength: 2000, minLength: 500 })
    await fc.assert(
      fc.asyncProperty(keys, async (all) => {
        const events = all.toSorted().map((key) => event(key))
        const chunks = await collect(inChunks(Readable.from(events)))
        assert.deepEqual(
          chunks.flatMap((chunk) => chunk.events),
          events,
        )
        assert.ok(chunks.every((chunk) => chunk.events.length >= 1 && chunk.events.length <= 1000))
      }),
      { numRuns: 10 },
    )
  })

  it('stay the same but for the one that changes', async () => {
    const before = many(20_000)
    const digests = async (events: ObjectEvent[]) =>
      new Set((await collect(inChunks(Readable.from(events)))).map(({ digest }) => digest))
    const old = await digests(before)
    assert.ok(old.size > 20, String(old.size))
    for (const changed of [
      before.toSpliced(7000, 0, event(`${keyOf(6999)}x`)),
      before.toSpliced(12_345, 1),
      before.toSpliced(500, 1, event(keyOf(500), 'overwritten')),
      [...before, event('z')],
    ]) {
      const fresh = [...(await digests(changed))].filter((digest) => !old.has(digest))
      assert.ok(fresh.length <= 2, `${fresh.length} chunks are new`)
    }
  })
})

describe('reconciliation', () => {
  const signal = new AbortController().signal
  let objects: Objects
  let known: Map<string, Set<string>>
  let unlisted: string[]
  const onListed = (place: string, fault?: unknown) => {
    if (fault !== undefined) unlisted.push(`${place}: ${String(fault)}`)
  }
  const pass = (...rules: InputRule[]) =>
    reconcile({ rules, store: objects.store, offer: objects.offer, known, onListed }, signal)

  beforeEach(() => {
    objects = new Objects()
    known = new Map()
    unlisted = []
  })

  it('offers everything once, then what is new and little beside', async () => {
    objects.events = many(5000)
    await pass(rule())
    assert.equal(objects.take().length, 5000)
    await pass(rule())
    assert.deepEqual(objects.take(), [])
    objects.events.splice(2500, 0, event(`${keyOf(2499)}x`))
    await pass(rule())
    const offered = objects.take()
    assert.ok(offered.includes(`${keyOf(2499)}x`))
    assert.ok(offered.length <= 2000, String(offered.length))
    objects.events.length = 0
    await pass(rule())
    assert.deepEqual([...known.values()], [new Set()])
  })

  it('lists what several rules read from once', async () => {
    await pass(rule('in/'), rule('in/deep/'), rule('in/'), rule('', 'c'), rule('out/'))
    assert.deepEqual(objects.listings, ['b/in/', 'c/', 'b/out/'])
  })

  it('offers again what was not taken', async () => {
    objects.events = many(3)
    const refusing = { rules: [rule()], store: objects.store, known, onListed, offer: async () => false }
    assert.equal(await reconcile(refusing, signal), false)
    assert.equal(await pass(rule()), true)
    assert.equal(objects.take().length, 3)
  })

  it('forgets nothing when a listing breaks off', async () => {
    objects.events = many(2000)
    await pass(rule())
    objects.take()
    objects.fault = new Error('gone')
    await pass(rule())
    assert.deepEqual(unlisted, ['lake://b/: Error: gone'])
    objects.fault = undefined
    await pass(rule())
    assert.deepEqual(objects.take(), [])
  })

  it('goes on to other buckets and prefixes when one cannot be listed, which forgets nothing', async () => {
    objects.events = many(600)
    const rules = [rule('in/', 'a'), rule('in/', 'gone'), rule('in/', 'z')]
    await pass(...rules)
    assert.equal(objects.take().length, 1800)
    objects.events.push(event(keyOf(600)))
    objects.unlisted = 'gone'
    await pass(...rules)
    assert.deepEqual(unlisted, ['lake://gone/in/: Error: gone cannot be listed'])
    assert.deepEqual(objects.take().filter((key) => key === keyOf(600)).length, 2)
    objects.unlisted = undefined
    await pass(...rules)
    const offered = objects.take()
    assert.ok(offered.includes(keyOf(600)) && offered.length <= 1000, String(offered.length))
  })
})

describe('the listing of a storage', () => {
  let objects: Objects
  let listing: StorageListing
  let passes: number
  let told: string[]
  let now: number
  const open = (reconcileMs = 3_600_000, settleMs = 1000) => {
    const { store, offer } = objects
    const log = (_level: string, message: string) => void told.push(message)
    const onPassed = () => void passes++
    listing = new StorageListing({
      store,
      offer,
      reconcileMs,
      settleMs,
      onPassed,
      now: () => now,
      log,
    })
  }

  beforeEach(() => {
    objects = new Objects()
    passes = 0
    told = []
    now = NOW
  })
  afterEach(() => listing.close())

  it('offers to a new function what was offered to others before', async () => {
    open()
    objects.events = many(10)
    listing.follow([rule('in/')])
    await listing.list()
    assert.equal(objects.take().length, 10)
    await listing.list()
    assert.deepEqual(objects.take(), [])
    listing.follow([rule('in/'), rule('in/')])
    await listing.list()
    assert.equal(objects.take().length, 10)
  })

  it('never runs twice at a time, and never piles up', async () => {
    open()
    let release = () => {}
    objects.gate = new Promise((resolve) => (release = resolve))
    listing.follow([rule()])
    const asked = Array.from({ length: 20 }, () => listing.list())
    assert.equal(objects.listings.length, 1)
    release()
    await Promise.all(asked)
    assert.equal(objects.listings.length, 2)
  })

  it('comes again after its interval, which begins when it ends', async () => {
    open(20)
    listing.follow([rule()])
    await eventually(() => passes >= 4)
    let release = () => {}
    objects.gate = new Promise((resolve) => (release = resolve))
    const before = objects.listings.length
    await eventually(() => objects.listings.length === before + 1)
    const until = Date.now() + 100
    await eventually(() => Date.now() > until)
    assert.equal(objects.listings.length, before + 1)
    release()
    await eventually(() => objects.listings.length > before + 1)
  })

  it('leaves out what may still be being written, and looks again soon when rules are new', async () => {
    open(3_600_000, 30)
    objects.events = [event('old'), event('young', 'e', 10), event('of a clock that goes wrong', 'e', -50_000)]
    objects.events.push(event('of the far future', 'e', -3_600_000))
    listing.follow([rule()])
    await eventually(() => passes === 1)
    assert.deepEqual(objects.take(), ['old', 'of the far future'])
    now += 100
    await eventually(() => passes === 2)
    assert.ok(objects.take().includes('young'))
  })

  it('says once what cannot be listed, and goes on', async () => {
    open(20)
    objects.events = many(1)
    objects.unlisted = 'gone'
    listing.follow([rule('', 'gone'), rule()])
    await eventually(() => passes >= 3)
    assert.deepEqual(told, ['lake://gone/ could not be listed; tried again every 0.02 s: gone cannot be listed'])
    assert.equal(objects.take().length, 1)
    objects.unlisted = undefined
    await eventually(() => objects.offered.length === 1 && told.length === 2)
    assert.equal(told[1], 'lake://gone/ is listed again')
  })
})
