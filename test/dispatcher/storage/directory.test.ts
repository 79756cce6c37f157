import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { openDirectoryStore } from '../../../dispatcher/storage/directory.js'
import { translate } from '../../../dispatcher/storage/directory/faults.js'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import type { SpillwayError } from '../../../runtime/contract/errors.js'
import { eventIdentity } from '../../../runtime/contract/object-event.js'
import { objectStoreSuite, rejects } from '../../suites/object-store.suite.js'
import { collect, fromText, toText } from '../../support/streams.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { putGrant } from '../../support/use-grant.js'

const OTHER_DISK = '/dev/shm'
const ATTEMPT = '01900000-0000-7000-8000-000000000001.1'

describe('directory storage', () => {
  const base = temporaryDirectory()
  let told: string[]
  let store: ObjectStore
  const open = () =>
    openDirectoryStore({
      name: 'lake',
      path: join(base(), 'data'),
      settleSeconds: 0.1,
      log: (message) => told.push(message),
    })

  objectStoreSuite({
    name: 'directory',
    open,
    unsupported: {
      expiringGrants: 'a file: grant is the right to use the disk, which has no end',
      longSegments: 'file systems take names of 255 bytes',
    },
  })

  const bucket = () => join(base(), 'data', 'b')
  const outside = () => join(base(), 'outside')
  const at = (key: string) => ({ bucket: 'b', key })
  const put = (key: string, content = key) => store.write(at(key), fromText(content))
  const keys = async (prefix = '') => (await collect(store.list('b', prefix))).map(({ key }) => key).sort()
  const stage = (key: string) => store.stage({ ...at(key), size: 1, attempt: ATTEMPT, expiresAt: Date.now() })
  const stageText = async (key: string, content = key) => {
    const staged = await stage(key)
    await putGrant(staged.grant, Buffer.from(content))
    return staged
  }

  beforeEach(async () => {
    told = []
    store = open()
    await store.ensureBucket('b')
    mkdirSync(outside())
    writeFileSync(join(outside(), 'secret'), 'secret')
  })
  afterEach(() => store.close())

  describe('on the disk', () => {
    it('is folders and files that people can use', async () => {
      await put('in/a.txt', 'written')
      assert.equal(readFileSync(join(bucket(), 'in/a.txt'), 'utf8'), 'written')
      writeFileSync(join(bucket(), 'in/b.txt'), 'dropped')
      assert.equal(await toText(await store.read(at('in/b.txt'))), 'dropped')
      assert.deepEqual(await keys(), ['in/a.txt', 'in/b.txt'])
    })

    it('leaves nothing behind in its own folder', async () => {
      await put('a')
      const { ticket } = await stageText('b')
      await stageText('c')
      await store.publish(ticket)
      await store.discard(ATTEMPT)
      const left = execFileSync('find', [join(base(), 'data/.spillway'), '-type', 'f'], { encoding: 'utf8' })
      assert.equal(left, '')
    })

    it('keeps its own folder out of sight', async () => {
      await put('a')
      for (const name of ['.spillway', '.spillway-x']) {
        await rejects(store.ensureBucket(name), 'invalid-key', /\.spillway/)
        await rejects(collect(store.list(name, '')), 'invalid-key')
      }
      await rejects(put('x/.spillway/y'), 'invalid-key', /kept for Spillway/)
      mkdirSync(join(bucket(), '.spillway'))
      writeFileSync(join(bucket(), '.spillway/file'), '')
      writeFileSync(join(bucket(), '.spillway-half'), '')
      assert.deepEqual(await keys(), ['a'])
    })

    it('works where the folder of the storage does not exist yet, or is only read', async () => {
      const fresh = openDirectoryStore({ name: 'new', path: join(base(), 'not/yet'), settleSeconds: 0 })
      await rejects(collect(fresh.list('b', '')), 'bucket-not-found', /create the folder/)
      await fresh.ensureBucket('b')
      assert.deepEqual(await collect(fresh.list('b', '')), [])
      assert.equal(existsSync(join(base(), 'not/yet/.spillway')), false)
    })

    it('takes a file for no bucket', async () => {
      writeFileSync(join(base(), 'data/file'), '')
      await rejects(collect(store.list('file', '')), 'bucket-not-found')
      await rejects(store.head({ bucket: 'file', key: 'a' }), 'bucket-not-found')
    })

    it('tells a rewritten file by size, time and inode', async () => {
      const path = join(bucket(), 'a')
      writeFileSync(path, 'one')
      utimesSync(path, 1_000_000, 1_000_000.25)
      const first = await store.head(at('a'))
      assert.equal(first?.time, '1970-01-12T13:46:40.250Z')
      assert.equal(first?.sequencer, 1_000_000_250_000_000n.toString(16).padStart(16, '0'))
      writeFileSync(join(base(), 'other'), 'two')
      utimesSync(join(base(), 'other'), 1_000_000, 1_000_000.25)
      renameSync(join(base(), 'other'), path)
      assert.notEqual(eventIdentity((await store.head(at('a')))!), eventIdentity(first!))
    })

    it('puts a result on another disk as a whole', async function () {
      if (!existsSync(OTHER_DISK) || statSync(OTHER_DISK).dev === statSync(base()).dev) this.skip()
      const other = mkdtempSync(join(OTHER_DISK, 'spillway-test-'))
      try {
        symlinkSync(other, join(base(), 'data/far'))
        const far = { bucket: 'far', key: 'x/y' }
        await store.write(far, fromText('first'))
        const staged = await store.stage({ ...far, size: 1, attempt: ATTEMPT, expiresAt: 0 })
        await putGrant(staged.grant, Buffer.from('second'))
        assert.equal((await store.publish(staged.ticket)).size, 6)
        assert.equal((await store.publish(staged.ticket)).size, 6)
        assert.equal(await toText(await store.read(far)), 'second')
        assert.deepEqual(readdirSync(join(other, 'x')), ['y'])
      } finally {
        rmSync(other, { recursive: true })
      }
    })
  })

  describe('names in the way', () => {
    it('refuses a result whose place is a folder', async () => {
      await put('a/b')
      await rejects(put('a'), 'output-refused', /lake:\/\/b\/a .*folder/)
      const { ticket } = await stageText('a')
      await rejects(store.publish(ticket), 'output-refused', /folder of that name/)
      assert.deepEqual(await keys(), ['a/b'])
    })

    it('refuses a result whose folder is a file', async () => {
      await put('a/b')
      const { ticket } = await stageText('a/b/c/d')
      await rejects(store.publish(ticket), 'output-refused', /a\/b is not a folder/)
      await rejects(put('a/b/c'), 'output-refused', /a\/b is not a folder/)
      assert.equal(await store.head(at('a/b/c')), undefined)
      await rejects(store.read(at('a/b/c')), 'object-not-found')
      await store.remove(at('a/b/c'))
    })

    it('takes a folder for no object', async () => {
      await put('a/b')
      assert.equal(await store.head(at('a')), undefined)
      await rejects(store.read(at('a')), 'object-not-found')
      await store.remove(at('a'))
      assert.deepEqual(await keys(), ['a/b'])
    })

    it('takes pipes and sockets for no objects, without waiting for them', async () => {
      execFileSync('mkfifo', [join(bucket(), 'pipe')])
      const server = createServer().listen(join(bucket(), 'socket'))
      try {
        for (const key of ['pipe', 'socket']) {
          assert.equal(await store.head(at(key)), undefined)
          await rejects(store.read(at(key)), 'object-not-found')
        }
        assert.deepEqual(await keys(), [])
      } finally {
        server.close()
      }
    })

    it('skips names that are not UTF-8, and folders of such names', async () => {
      await put('a')
      writeFileSync(Buffer.concat([Buffer.from(`${bucket()}/`), Buffer.from([0x62, 0xff])]), 'x')
      mkdirSync(Buffer.concat([Buffer.from(`${bucket()}/`), Buffer.from([0x63, 0xff])]))
      writeFileSync(Buffer.concat([Buffer.from(`${bucket()}/`), Buffer.from([0x63, 0xff]), Buffer.from('/d')]), 'x')
      await put('\ufffd')
      assert.deepEqual(await keys(), ['a', '\ufffd'])
    })

    it('leaves out a folder that it may not read, and says so', async function () {
      if (process.getuid?.() === 0) return this.skip()
      mkdirSync(join(bucket(), 'lost+found'), { mode: 0o000 })
      await put('a')
      assert.deepEqual(await keys(), ['a'])
      await keys()
      assert.deepEqual(told.length, 1)
      assert.match(told[0]!, /lost\+found/)
    })
  })

  describe('ways out', () => {
    const escapes: Record<string, () => string> = {
      'a link to a file': () => {
        symlinkSync(join(outside(), 'secret'), join(bucket(), 'link'))
        return 'link'
      },
      'a file behind a link to a folder': () => {
        symlinkSync(outside(), join(bucket(), 'folder'))
        return 'folder/secret'
      },
      'a relative link, below folders': () => {
        mkdirSync(join(bucket(), 'x/y'), { recursive: true })
        symlinkSync('../../../../outside', join(bucket(), 'x/y/up'))
        return 'x/y/up/secret'
      },
      'a link to a link': () => {
        symlinkSync(join(outside(), 'secret'), join(bucket(), 'first'))
        symlinkSync('first', join(bucket(), 'second'))
        return 'second'
      },
      'a neighbour whose name starts with that of the bucket': () => {
        mkdirSync(`${bucket()}-neighbour`)
        writeFileSync(`${bucket()}-neighbour/secret`, 'secret')
        symlinkSync(`${bucket()}-neighbour`, join(bucket(), 'near'))
        return 'near/secret'
      },
    }
    for (const [what, make] of Object.entries(escapes)) {
      it(`refuses ${what}`, async () => {
        const key = make()
        const calls = [
          () => store.head(at(key)),
          () => store.read(at(key)),
          () => store.grantRead(at(key), 0),
          () => put(key, 'overwritten'),
          () => stage(key),
        ]
        for (const call of calls) await rejects(call(), 'invalid-key', /leads out of the bucket/)
        assert.deepEqual(await keys(), [])
        assert.equal(readFileSync(join(outside(), 'secret'), 'utf8'), 'secret')
      })
    }

    it('refuses a link that came between stage and publish', async () => {
      const { ticket } = await stageText('out/a')
      symlinkSync(outside(), join(bucket(), 'out'))
      await rejects(store.publish(ticket), 'invalid-key', /leads out of the bucket/)
      assert.deepEqual(readdirSync(outside()), ['secret'])
    })

    it('makes no folders behind a link', async () => {
      symlinkSync(outside(), join(bucket(), 'out'))
      await rejects(put('out/new/folder/a'), 'invalid-key')
      assert.deepEqual(readdirSync(outside()), ['secret'])
    })

    it('removes nothing behind a link', async () => {
      symlinkSync(outside(), join(bucket(), 'out'))
      await rejects(store.remove(at('out/secret')), 'invalid-key')
      assert.deepEqual(readdirSync(outside()), ['secret'])
    })

    it('publishes no link that was left in place of a result', async () => {
      const { grant, ticket } = await stage('a')
      symlinkSync(join(outside(), 'secret'), fileURLToPath(grant.url))
      await rejects(store.publish(ticket), 'output-refused')
      assert.deepEqual(await keys(), [])
    })

    it('never writes outside while a folder is swapped for a link again and again', async () => {
      mkdirSync(join(bucket(), 'real'))
      symlinkSync(outside(), join(base(), 'link'))
      const folder = join(bucket(), 'in')
      renameSync(join(bucket(), 'real'), folder)
      const swap = () => {
        renameSync(folder, join(base(), 'spare'))
        renameSync(join(base(), 'link'), folder)
        setImmediate(() => {
          renameSync(folder, join(base(), 'link'))
          renameSync(join(base(), 'spare'), folder)
        })
      }
      const swapping = setInterval(swap, 1)
      const answers: PromiseSettledResult<unknown>[] = []
      try {
        for (let round = 0; round < 40; round++) {
          const writes = [put(`in/${round}`), put(`in/secret`, 'overwritten'), store.remove(at('in/secret'))]
          const reads = [store.read(at('in/secret')).then(toText)]
          answers.push(...(await Promise.allSettled([...writes, ...reads])))
        }
      } finally {
        clearInterval(swapping)
      }
      assert.ok(answers.some(({ status }) => status === 'fulfilled'))
      assert.deepEqual(readdirSync(outside()), ['secret'])
      assert.equal(readFileSync(join(outside(), 'secret'), 'utf8'), 'secret')
      assert.ok(!answers.some((answer) => answer.status === 'fulfilled' && answer.value === 'secret'))
    })

    it('follows links that stay inside, and goes round no circle', async () => {
      await put('real/a', 'content')
      symlinkSync('real/a', join(bucket(), 'alias'))
      symlinkSync('real', join(bucket(), 'folder'))
      symlinkSync('..', join(bucket(), 'real/up'))
      symlinkSync('self', join(bucket(), 'self'))
      assert.equal(await toText(await store.read(at('alias'))), 'content')
      assert.equal(await toText(await store.read(at('folder/a'))), 'content')
      assert.equal(await store.head(at('self')), undefined)
      assert.deepEqual(await keys(), ['alias', 'real/a'])
    })

    it('writes in place of an inner link, not through it', async () => {
      await put('real', 'content')
      symlinkSync('real', join(bucket(), 'alias'))
      await put('alias', 'new')
      assert.equal(await toText(await store.read(at('real'))), 'content')
      assert.equal(await toText(await store.read(at('alias'))), 'new')
    })
  })

  describe('tickets', () => {
    it('finish what a crash cut short', async () => {
      const { grant, ticket } = await stageText('out/a', 'result')
      mkdirSync(join(bucket(), 'out'))
      renameSync(fileURLToPath(grant.url), join(bucket(), 'out/a'))
      assert.deepEqual(await open().publish(ticket), { storage: 'lake', bucket: 'b', key: 'out/a', size: 6 })
      assert.equal(existsSync(join(base(), 'data/.spillway/staging', ATTEMPT)), false)
    })

    it('survive a restart', async () => {
      const { ticket } = await stageText('a', 'result')
      assert.equal((await open().publish(ticket)).size, 6)
    })

    it('tell the real size, not the announced one', async () => {
      const { ticket } = await stageText('a', 'longer than announced')
      assert.equal((await store.publish(ticket)).size, 21)
    })

    it('never lead outside, whatever they say', async () => {
      const { ticket } = await stageText('a')
      const good = JSON.parse(ticket) as Record<string, unknown>
      linkSync(join(outside(), 'secret'), join(base(), 'data/planted'))
      const lies = [
        { attempt: '..' },
        { attempt: '../..' },
        { attempt: '' },
        { attempt: 7 },
        { file: '../../planted' },
        { file: '' },
        { file: null },
        { bucket: '..' },
        { bucket: '../outside' },
        { bucket: '.spillway' },
        { bucket: 'b/../../outside' },
        { key: '../x' },
        { key: 'a/../../x' },
        { key: '/etc/x' },
        { key: '' },
        { before: 4 },
      ]
      for (const lie of lies) {
        const call = store.publish(JSON.stringify({ ...good, ...lie }))
        await assert.rejects(call, (error: { code?: string }) =>
          /^(output-refused|invalid-key)$/.test(error.code ?? ''),
        )
      }
      assert.deepEqual(readdirSync(outside()), ['secret'])
      assert.deepEqual(await keys(), [])
      assert.deepEqual(readdirSync(base()).sort(), ['data', 'outside'])
    })

    it('refuse every text but their own', async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.string(), fc.json()), (text) => rejects(store.publish(text), 'output-refused')),
        { numRuns: 100 },
      )
    })
  })

  describe('any key', () => {
    const segment = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '.',
        '..',
        '',
        '...',
        '~',
        '%2e%2e',
        '.spillway',
        '\ud800',
        'x'.repeat(256),
        'é'.repeat(127),
        '\\..\\',
      ),
    )
    const key = fc.oneof(
      fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
      fc.string(),
    )

    it('either holds an object inside the bucket or is refused', async function () {
      this.timeout(20_000)
      await put('first')
      await fc.assert(
        fc.asyncProperty(key, async (text) => {
          const written = await put(text, 'content').then(
            () => true,
            (error: { code?: string }) => assert.match(error.code ?? String(error), /^(invalid-key|output-refused)$/),
          )
          if (written) assert.equal(await toText(await store.read(at(text))), 'content')
          assert.deepEqual(readdirSync(join(base(), 'data')).sort(), ['.spillway', 'b'])
          assert.deepEqual(readdirSync(base()).sort(), ['data', 'outside'])
        }),
        { numRuns: 100 },
      )
      assert.deepEqual(readdirSync(outside()), ['secret'])
    })

    it('is listed exactly as it was written', async () => {
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(key, { maxLength: 8 }), fc.string({ maxLength: 2 }), async (texts, prefix) => {
          const name = `round-${round++}`
          await store.ensureBucket(name)
          const written = new Set<string>()
          for (const text of texts) {
            await store.write({ bucket: name, key: text }, fromText('')).then(
              () => written.add(text),
              () => undefined,
            )
          }
          const listed = await collect(store.list(name, prefix))
          const expected = [...written].filter((text) => text.startsWith(prefix))
          assert.deepEqual(listed.map((event) => event.key).sort(), expected.sort())
          for (const event of listed) assert.deepEqual(await store.head({ bucket: name, key: event.key }), event)
        }),
        { numRuns: 40 },
      )
    })
  })

  it('says what to do when the disk refuses', async function () {
    if (!existsSync('/dev/full')) this.skip()
    const broken = translate('lake://b/a', await appendFile('/dev/full', 'x').catch((error: unknown) => error))
    await rejects(Promise.reject(broken as Error), 'storage-unavailable', /lake:\/\/b\/a: the disk is full; make room/)
    assert.deepEqual((broken as SpillwayError).details, { full: true })
  })
})
