/** What every driver of `ObjectStore` must do. */
import assert from 'node:assert/strict'
import type { ErrorCode } from '../../runtime/contract/errors.js'
import { inTurn } from '../../runtime/contract/in-turn.js'
import { eventIdentity } from '../../runtime/contract/object-event.js'
import type { ObjectStore } from '../../dispatcher/storage/object-store.js'
import { eventually } from '../support/eventually.js'
import { collect, failing, fromText, generated, toText } from '../support/streams.js'
import { getGrant, putGrant } from '../support/use-grant.js'

/** What a driver cannot do; each with the reason, which is printed where its test is skipped. */
export interface Unsupported {
  expiringGrants?: string
  /** One part of a key, between slashes, of 300 bytes. */
  longSegments?: string
  /** 100 MB in one object, and over 1,000 objects in one listing. */
  muchAtOnce?: string
}

export interface ObjectStoreSuite {
  name: string
  /** A store named `lake` with no buckets, the suite's own; closed by the suite. */
  open: () => Promise<ObjectStore> | ObjectStore
  unsupported?: Unsupported
}

const MB = 1024 ** 2
const STREAM_BYTES = 100 * MB
const LISTED = 1205
const ATTEMPT = '01900000-0000-7000-8000-000000000001.1'
const LATER_ATTEMPT = '01900000-0000-7000-8000-000000000001.2'

const ODD_KEYS = [
  'a b/c d.txt',
  ' leading and trailing ',
  'plus+sign.txt',
  'per%cent',
  'not-a-slash%2Fhere',
  'quote\'s and "quotes"',
  'new\nline',
  'back\\slash',
  'question?mark#hash&amp;',
  'grüße/日本語/ñ',
  'two/emoji-🦑🏞️.png',
  '...three-dots/.hidden',
  'a:b;c,d=e@f$g!h*i(j)k[l]{m}|n~o^p`q<r>s',
  Array.from({ length: 6 }, (_, index) => `${index}`.repeat(50)).join('/'),
]

export function objectStoreSuite({ name, open, unsupported = {} }: ObjectStoreSuite): void {
  describe(`object store: ${name}`, () => {
    const BUCKET = 'bucket'
    let store: ObjectStore

    const at = (key: string) => ({ bucket: BUCKET, key })
    const put = (key: string, content: string) => store.write(at(key), fromText(content))
    const get = async (key: string) => toText(await store.read(at(key)))
    const keys = async (prefix: string) => (await collect(store.list(BUCKET, prefix))).map(({ key }) => key).sort()
    const stage = (key: string, size: number, attempt = ATTEMPT) =>
      store.stage({ ...at(key), size, attempt, expiresAt: Date.now() + 60_000 })
    const stageText = async (key: string, content: string, attempt = ATTEMPT) => {
      const staged = await stage(key, content.length, attempt)
      await putGrant(staged.grant, Buffer.from(content))
      return staged
    }

    beforeEach(async () => {
      store = await open()
      await store.ensureBucket(BUCKET)
    })
    afterEach(() => store.close())

    describe('objects', () => {
      it('gives back what was written', async () => {
        await put('in/a.txt', 'hello')
        assert.equal(await get('in/a.txt'), 'hello')
        const event = await store.head(at('in/a.txt'))
        assert.deepEqual(
          { storage: event?.storage, bucket: event?.bucket, key: event?.key, size: event?.size },
          { storage: store.name, bucket: BUCKET, key: 'in/a.txt', size: 5 },
        )
        assert.ok(Math.abs(Date.parse(event!.time) - Date.now()) < 60_000, event!.time)
      })

      it('holds empty objects', async () => {
        await store.write(at('empty'), generated(0))
        assert.equal(await get('empty'), '')
        assert.equal((await store.head(at('empty')))?.size, 0)
      })

      it('knows no object that is missing', async () => {
        assert.equal(await store.head(at('no/such')), undefined)
        await rejects(store.read(at('no/such')), 'object-not-found')
        await rejects(store.grantRead(at('no/such'), Date.now() + 60_000), 'object-not-found')
        await store.remove(at('no/such'))
      })

      it('knows no bucket that is missing', async () => {
        const nowhere = { bucket: 'no-such-bucket', key: 'a' }
        await rejects(store.read(nowhere), 'bucket-not-found')
        await rejects(store.write(nowhere, fromText('a')), 'bucket-not-found')
        await rejects(collect(store.list(nowhere.bucket, '')), 'bucket-not-found')
      })

      it('makes a bucket that is there already without touching it', async () => {
        await put('a', '1')
        await store.ensureBucket(BUCKET)
        assert.deepEqual(await keys(''), ['a'])
      })

      it('removes', async () => {
        await put('in/a', '1')
        await store.remove(at('in/a'))
        assert.equal(await store.head(at('in/a')), undefined)
        assert.deepEqual(await keys(''), [])
      })

      it('gives an overwritten object another identity, and one left alone the same', async () => {
        await put('a', 'one')
        const first = await store.head(at('a'))
        assert.equal(eventIdentity((await store.head(at('a')))!), eventIdentity(first!))
        await put('a', 'two')
        assert.equal(await get('a'), 'two')
        assert.notEqual(eventIdentity((await store.head(at('a')))!), eventIdentity(first!))
      })

      it('reports the same event by head and by list', async () => {
        await put('in/a', 'one')
        assert.deepEqual(await collect(store.list(BUCKET, 'in/')), [await store.head(at('in/a'))])
      })

      it('streams 100 MB both ways in little memory', async function () {
        skipUnless(this, unsupported.muchAtOnce)
        const before = process.memoryUsage().rss
        let most = before
        const watching = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5)
        try {
          await store.write(at('large'), generated(STREAM_BYTES))
          let bytes = 0
          for await (const chunk of await store.read(at('large'))) bytes += (chunk as Buffer).length
          assert.equal(bytes, STREAM_BYTES)
        } finally {
          clearInterval(watching)
        }
        assert.ok(most - before < STREAM_BYTES * 0.8, `memory grew by ${Math.round((most - before) / MB)} MB`)
      })

      it('leaves what was there when a stream fails half way', async () => {
        await put('a', 'before')
        const broken = new Error('the sender went away')
        await assert.rejects(store.write(at('a'), failing(broken)), broken)
        await assert.rejects(store.write(at('b'), failing(broken)), broken)
        assert.equal(await get('a'), 'before')
        assert.deepEqual(await keys(''), ['a'])
      })

      it('gives one whole object when several write the same key', async () => {
        const letters = ['a', 'b', 'c', 'd', 'e', 'f']
        await Promise.all(letters.map((letter) => store.write(at('k'), generated(300_000, letter))))
        const content = await get('k')
        assert.equal(content.length, 300_000)
        assert.equal(new Set(content).size, 1)
      })
    })

    describe('keys', () => {
      for (const key of ODD_KEYS) {
        it(`takes ${JSON.stringify(key)}`, async () => {
          const staged = await stageText(key, key)
          assert.deepEqual(await store.publish(staged.ticket), {
            storage: store.name,
            bucket: BUCKET,
            key,
            size: Buffer.byteLength(key),
          })
          assert.equal(await get(key), key)
          assert.deepEqual(await keys(''), [key])
          assert.equal(await toText(await getGrant(await store.grantRead(at(key), Date.now() + 60_000))), key)
        })
      }

      it('tells keys apart that look alike', async () => {
        const alike = ['a b', 'a+b', 'a%20b', 'a%2Bb', 'A b']
        for (const key of alike) await put(key, key)
        assert.deepEqual(await keys(''), alike.toSorted())
        for (const key of alike) assert.equal(await get(key), key)
      })

      it('takes one part of 300 bytes', async function () {
        skipUnless(this, unsupported.longSegments)
        const key = `in/${'x'.repeat(300)}`
        await put(key, 'long')
        assert.equal(await get(key), 'long')
      })

      it('refuses an empty key everywhere', async () => {
        for (const call of [
          () => store.head(at('')),
          () => store.read(at('')),
          () => store.write(at(''), fromText('x')),
          () => store.remove(at('')),
          () => stage('', 1),
        ]) {
          await rejects(call(), 'invalid-key')
        }
      })
    })

    describe('listing', () => {
      it('lists more than a page', async function () {
        skipUnless(this, unsupported.muchAtOnce)
        const written = Array.from({ length: LISTED }, (_, index) => `p/${index % 7}/${String(index).padStart(5, '0')}`)
        await inTurn(written, 16, (key) => put(key, key))
        assert.deepEqual(await keys('p/'), written.toSorted())
        assert.deepEqual(await keys('p/3/0000'), written.filter((key) => key.startsWith('p/3/0000')).toSorted())
      })

      it('takes the prefix as plain text', async () => {
        for (const key of ['ab/c', 'abc/d', 'b', 'a/b']) await put(key, key)
        assert.deepEqual(await keys('ab'), ['ab/c', 'abc/d'])
        assert.deepEqual(await keys('ab/'), ['ab/c'])
        assert.deepEqual(await keys('a'), ['a/b', 'ab/c', 'abc/d'])
        assert.deepEqual(await keys('../'), [])
        assert.deepEqual(await keys('ab/c/'), [])
      })

      it('can be left in the middle', async () => {
        for (const key of ['a/1', 'a/2', 'b/1']) await put(key, key)
        for await (const { key } of store.list(BUCKET, '')) {
          assert.ok(key)
          break
        }
        assert.deepEqual(await keys(''), ['a/1', 'a/2', 'b/1'])
      })
    })

    describe('results', () => {
      it('shows nothing before it is published, then all at once', async () => {
        const staged = await stageText('out/a', 'result')
        assert.equal(await store.head(at('out/a')), undefined)
        assert.deepEqual(await keys(''), [])
        const published = await store.publish(staged.ticket)
        assert.deepEqual(published, { storage: store.name, bucket: BUCKET, key: 'out/a', size: 6 })
        assert.equal(await get('out/a'), 'result')
      })

      it('publishes twice and means once', async () => {
        const staged = await stageText('a', 'result')
        const first = await store.publish(staged.ticket)
        const event = await store.head(at('a'))
        assert.deepEqual(await store.publish(staged.ticket), first)
        assert.deepEqual(await store.head(at('a')), event)
      })

      it('replaces what another attempt published', async () => {
        await store.publish((await stageText('a', 'first')).ticket)
        await store.publish((await stageText('a', 'second', LATER_ATTEMPT)).ticket)
        assert.equal(await get('a'), 'second')
      })

      it('refuses to publish what was never written, also where an older object has the key', async () => {
        await rejects(store.publish((await stage('new', 5)).ticket), 'output-refused')
        await put('old', 'before')
        await rejects(store.publish((await stage('old', 5)).ticket), 'output-refused')
        assert.equal(await get('old'), 'before')
      })

      it('throws away what an attempt staged, and only that', async () => {
        const thrown = await stageText('a', 'thrown away')
        const kept = await stageText('b', 'kept', LATER_ATTEMPT)
        await store.discard(ATTEMPT)
        await store.discard(ATTEMPT)
        await rejects(store.publish(thrown.ticket), 'output-refused')
        await store.publish(kept.ticket)
        assert.deepEqual(await keys(''), ['b'])
      })

      it('keeps what was published when the rest is thrown away', async () => {
        const published = await stageText('a', 'result')
        await stageText('b', 'rest')
        await store.publish(published.ticket)
        await store.discard(ATTEMPT)
        assert.deepEqual(await keys(''), ['a'])
      })

      it('may be staged from content at hand, and are published or thrown away like others', async () => {
        const ticket = await store.fill({ ...at('a'), size: 6, attempt: ATTEMPT }, fromText('result'))
        const empty = await store.fill({ ...at('b'), size: 0, attempt: ATTEMPT }, fromText(''))
        assert.deepEqual(await keys(''), [])
        assert.deepEqual(await store.publish(ticket), { storage: store.name, bucket: BUCKET, key: 'a', size: 6 })
        assert.equal(await get('a'), 'result')
        await store.discard(ATTEMPT)
        await rejects(store.publish(empty), 'output-refused')
      })

      it('may be copies of what the store has elsewhere, without their content passing through here', async function () {
        if (!store.fillFrom) return this.skip()
        await store.ensureBucket('elsewhere')
        const source = { bucket: 'elsewhere', key: 'staged/ü b+c%2F1' }
        await store.write(source, fromText('result'))
        const ticket = await store.fillFrom({ ...at('a'), size: 6, attempt: ATTEMPT }, source)
        assert.deepEqual(await keys(''), [])
        assert.deepEqual(await store.publish(ticket!), { storage: store.name, bucket: BUCKET, key: 'a', size: 6 })
        assert.equal(await get('a'), 'result')
        const gone = { ...source, key: 'no such object' }
        assert.equal(await store.fillFrom({ ...at('b'), size: 6, attempt: ATTEMPT }, gone), undefined)
        assert.equal(await store.fillFrom({ ...at('c'), size: 0, attempt: ATTEMPT }, source), undefined)
      })

      it('stages nothing of content that fails', async () => {
        const broken = new Error('the source broke')
        await assert.rejects(store.fill({ ...at('a'), size: 900_000, attempt: ATTEMPT }, failing(broken)), broken)
        await store.discard(ATTEMPT)
        assert.deepEqual(await keys(''), [])
      })

      it('refuses a ticket that it did not write', async () => {
        for (const ticket of ['', 'null', '{}', '[]', '"a"', '{"bucket":"bucket","key":"a"}', '\0']) {
          await rejects(store.publish(ticket), 'output-refused')
        }
      })

      it('lets nobody use a grant that has run out', async function () {
        skipUnless(this, unsupported.expiringGrants)
        await put('a', 'secret')
        const grant = await store.grantRead(at('a'), Date.now() + 1000)
        await eventually(async () => (await getGrant(grant).catch(() => 'refused')) === 'refused', { everyMs: 200 })
      })
    })
  })
}

function skipUnless(test: Mocha.Context, reason: string | undefined): void {
  if (reason === undefined) return
  test.test!.title += ` (skipped: ${reason})`
  test.skip()
}

export const rejects = (call: Promise<unknown>, code: ErrorCode, message?: RegExp): Promise<void> =>
  assert.rejects(call, (error: Error) => {
    assert.equal('code' in error ? error.code : undefined, code, error.stack)
    if (message) assert.match(error.message, message)
    return true
  })
