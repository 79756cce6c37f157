/** Input that is no body of a request: files that are uploaded, and objects that somebody names. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Accepted, ObjectsAnswer, UploadAnswer } from '../../runtime/contract/dispatcher-api.js'
import type { ProblemDocument } from '../../runtime/contract/errors.js'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { s3Keys, SmallS3 } from '../support/s3/small-s3.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const COPY = '#!/bin/sh\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n'
const NAME = 's-dev-copy'

describe('input that is no body', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  const uploads = `/v1/functions/${NAME}/uploads`
  const objects = `/v1/functions/${NAME}/objects`

  const succeeded = async (dispatcher: DispatcherProcess, id: string) => {
    const record = await dispatcher.invocation(id, '?wait=20s')
    assert.equal(record.state, 'succeeded', record.message)
    return record
  }

  describe('files', () => {
    it('go through the dispatcher where the storage is its own disk, and are work once', async () => {
      const dispatcher = await start()
      await dispatcher.put(NAME, COPY, { input: 'here://in/photos/', output: 'here://out/' })
      const begun = await dispatcher.json<UploadAnswer>('POST', uploads, { name: 'a b.bin', size: 7 * 1024 ** 2 })
      assert.equal(begun.status, 201)
      assert.deepEqual(Object.keys(begun.body), ['place'])
      assert.match(begun.body.place.key, /^photos\/[0-9a-f-]{36}\/a b\.bin$/)
      const content = Buffer.alloc(7 * 1024 ** 2, 'x')
      const sent = await dispatcher.call<Accepted>('PUT', `${uploads}/a%20b.bin`, content)
      assert.equal(sent.status, 202)
      await succeeded(dispatcher, sent.body.id)
      assert.ok(readFileSync(dispatcher.path('out', 'a b.bin')).equals(content))
      writeFileSync(dispatcher.path('in', 'photos', 'later'), 'x')
      assert.equal((await dispatcher.allEnded(2)).length, 2, 'the watch has found the later file, and nothing else new')
    })

    it('that break off leave nothing', async () => {
      const dispatcher = await start()
      await dispatcher.put(NAME, COPY, { input: 'here://in/', output: 'here://out/' })
      const broken = new ReadableStream({
        start(controller) {
          controller.enqueue(Buffer.alloc(1000))
          controller.error(new Error('gone'))
        },
      })
      await assert.rejects(
        fetch(`${dispatcher.url}${uploads}/a.bin`, {
          method: 'PUT',
          body: broken,
          duplex: 'half',
          headers: { 'content-length': '2000' },
        } as RequestInit),
      )
      const staged = join(dispatcher.path(), '.spillway')
      await eventually(() => !existsSync(staged) || filesBelow(staged).length === 0, { what: 'nothing staged' })
      assert.deepEqual(readdirSync(dispatcher.path('in')), [])
      assert.equal((await dispatcher.invocations()).invocations.length, 0)
    })

    it('need an input that takes them, and the name of a file', async () => {
      const dispatcher = await start()
      await dispatcher.put(NAME, COPY, { input: { bucket: 'in', storage: 'here', suffix: ['.jpg'] } })
      const refused = async (name: string) =>
        (await dispatcher.json<ProblemDocument>('POST', uploads, { name, size: 1 })).body
      const wrong = await refused('a.png')
      assert.equal(wrong.code, 'invalid-request')
      assert.match(wrong.detail, /No input of s-dev-copy takes .*"a\.png": here:\/\/in\/ takes \.jpg\. Rename/)
      for (const name of ['..', 'a/b', '/etc/passwd.jpg', 'a\0.jpg', 'x'.repeat(256)])
        assert.equal((await refused(name)).code, 'invalid-request', name)
      await dispatcher.put(NAME, COPY)
      assert.match((await refused('a.jpg')).detail, /has no `input`.*Give it one/)
      assert.equal((await dispatcher.json('POST', '/v1/functions/nobody/uploads', { name: 'a', size: 1 })).status, 404)
      const withoutLength = await fetch(`${dispatcher.url}${uploads}/a.jpg`, {
        method: 'PUT',
        body: new Blob(['x']).stream(),
        duplex: 'half',
      } as RequestInit)
      assert.equal(withoutLength.status, 400)
    })
  })

  describe('files for a storage that takes presigned requests', () => {
    let s3: SmallS3

    beforeEach(async () => (s3 = await SmallS3.start({ hasBuckets: true })))
    afterEach(() => s3.stop())

    const startOnS3 = async () => {
      const lake = { type: 's3', endpoint: s3.url, reconcile: 3600 }
      const dispatcher = await start({ config: { storage: { lake } }, environment: s3Keys(s3, 'LAKE') })
      await dispatcher.put(NAME, COPY, { input: 'lake://plants/in/', output: 'lake://plants/out/' })
      return dispatcher
    }

    it('go straight there, are seen when they are complete, and are work once', async () => {
      const dispatcher = await startOnS3()
      const { place, grant, upload } = (
        await dispatcher.json<UploadAnswer>('POST', uploads, { name: 'rose.jpg', size: 6 })
      ).body
      assert.ok(grant)
      assert.ok(grant.url.startsWith(s3.url), grant.url)
      const complete = (token: unknown) =>
        dispatcher.json<Accepted & ProblemDocument>('POST', `${uploads}/complete`, { upload: token })
      assert.equal((await complete(upload)).body.code, 'output-refused', 'nothing has been sent yet')
      await fetch(grant.url, { method: 'PUT', body: 'petals', headers: grant.headers ?? {} })
      assert.deepEqual(s3.below('plants/'), [])
      const first = await complete(upload)
      assert.equal(first.status, 202)
      assert.ok(s3.below('plants/').includes(place.key))
      const record = await succeeded(dispatcher, first.body.id)
      assert.equal(record.outputs[0]?.key, 'out/rose.jpg')
      const again = await complete(upload)
      assert.deepEqual([again.body.id, again.body.duplicate], [first.body.id, true])
      const content = await fetch(`${dispatcher.url}/v1/invocations/${record.id}/outputs/0`)
      assert.equal(await content.text(), 'petals')
      const none = await dispatcher.call<ProblemDocument>('GET', `/v1/invocations/${record.id}/outputs/1`)
      assert.equal(none.body.code, 'object-not-found')
      assert.match(none.body.detail, /has 1 output\(s\), counted from 0; there is no number 1/)
    })

    it('cannot be completed by a token that is not ours, or is for another function', async () => {
      const dispatcher = await startOnS3()
      await dispatcher.put('s-dev-other', COPY, { input: 'lake://plants/in/' })
      const { upload } = (await dispatcher.json<UploadAnswer>('POST', uploads, { name: 'a', size: 1 })).body
      for (const [path, token] of [
        [uploads, `${upload}x`],
        [uploads, 'spu1.e30.x'],
        ['/v1/functions/s-dev-other/uploads', upload],
      ])
        assert.equal((await dispatcher.json('POST', `${path}/complete`, { upload: token })).status, 401, token)
    })

    it('may go through the dispatcher all the same', async () => {
      const dispatcher = await startOnS3()
      const { id } = (await dispatcher.call<Accepted>('PUT', `${uploads}/a.jpg`, 'petals')).body
      await succeeded(dispatcher, id)
      assert.equal(s3.text('plants/out/a.jpg'), 'petals')
    })
  })

  describe('objects below a prefix', () => {
    it('are one invocation each, anew each time but for the same key of the caller', async () => {
      const dispatcher = await start()
      await dispatcher.put(NAME, COPY, {
        input: { storage: 'here', bucket: 'in', prefix: 'old/', suffix: ['.txt'] },
        output: 'here://out/',
      })
      mkdirSync(dispatcher.path('in', 'old', 'deep'), { recursive: true })
      for (const name of ['old/a.txt', 'old/deep/b.txt', 'old/c.png', 'd.txt'])
        writeFileSync(dispatcher.path('in', name), name)
      await dispatcher.allEnded(2)
      const call = (prefix: string, headers: Record<string, string> = {}) =>
        dispatcher.call<ObjectsAnswer>('POST', objects, JSON.stringify({ bucket: 'in', prefix }), {
          'content-type': 'application/json',
          ...headers,
        })
      const first = await call('old/')
      assert.equal(first.status, 202)
      assert.deepEqual(first.body.accepted.map(({ key, duplicate }) => [key, duplicate]).sort(), [
        ['old/a.txt', false],
        ['old/deep/b.txt', false],
      ])
      assert.equal(first.body.passedOver, 1)
      await dispatcher.allEnded(4)
      const once = { 'idempotency-key': 'monday' }
      const [second, third] = [await call('old/deep/', once), await call('old/deep/', once)]
      assert.deepEqual(third.body.accepted, [{ ...second.body.accepted[0], duplicate: true }])
      assert.equal((await dispatcher.allEnded(5)).length, 5)
      assert.deepEqual((await call('d')).body, { accepted: [], passedOver: 1 })
    })

    it('may be any that the dispatcher can list, where the function has no input', async () => {
      const dispatcher = await start()
      await dispatcher.put('s-dev-maker', COPY, { input: 'here://any/' })
      await dispatcher.put(NAME, '#!/bin/sh\ncat "$INPUT_FILE_PATH"\n')
      await dispatcher.json('DELETE', '/v1/functions/s-dev-maker', undefined)
      writeFileSync(dispatcher.path('any', 'x'), 'content')
      const { accepted } = (await dispatcher.json<ObjectsAnswer>('POST', objects, { bucket: 'any' })).body
      const record = await succeeded(dispatcher, accepted[0]!.id)
      assert.equal(record.input.kind === 'object' && record.input.event.key, 'x')
      const problem = async (body: object) => (await dispatcher.json<ProblemDocument>('POST', objects, body)).body.code
      assert.equal(await problem({ bucket: 'nowhere' }), 'bucket-not-found')
      assert.equal(await problem({ storage: 'lake', bucket: 'any' }), 'invalid-request')
      assert.equal(await problem({ bucket: '../any' }), 'invalid-key')
      assert.equal(await problem({ prefix: 'x' }), 'invalid-request')
    })
  })
})

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
