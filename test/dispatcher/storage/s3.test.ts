import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { openS3Store } from '../../../dispatcher/storage/s3.js'
import { connect } from '../../../dispatcher/storage/s3/client.js'
import { listObjects } from '../../../dispatcher/storage/s3/list.js'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import { objectStoreSuite, rejects } from '../../suites/object-store.suite.js'
import { fault } from '../../support/s3/answers.js'
import { SmallS3 } from '../../support/s3/small-s3.js'
import { collect, fromText } from '../../support/streams.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { putGrant } from '../../support/use-grant.js'

const MIB = 1024 ** 2
const at = (key: string) => ({ bucket: 'bucket', key })

describe('S3 storage', () => {
  const directory = temporaryDirectory()
  let s3: SmallS3

  const open = (options: Partial<Parameters<typeof openS3Store>[0]> = {}): ObjectStore =>
    openS3Store({ name: 'lake', type: 's3', endpoint: s3.url, pathStyle: true, keys: storageKeys(), ...options })

  beforeEach(async () => {
    s3 = await SmallS3.start({ hasBuckets: true })
  })
  afterEach(() => s3.stop())

  const storageKeys = () => {
    const { accessKeyId, secretAccessKey, sessionToken } = s3.keys
    return { accessKey: accessKeyId, secretKey: secretAccessKey, sessionToken }
  }

  const unsupported = { muchAtOnce: 'the stand-in holds everything in memory; shown against MinIO' }
  objectStoreSuite({ name: 's3, of a stand-in', open, unsupported })

  describe('results', () => {
    const request = { ...at('a'), attempt: 'a.1', size: 10, expiresAt: Date.now() + 60_000 }

    it('go in pieces over a size, with a URL for each', async () => {
      const store = open({ partBytes: MIB })
      await store.ensureBucket('bucket')
      const { grant } = await store.stage({ ...request, size: 2.5 * MIB })
      assert.deepEqual(
        grant.parts!.map(({ size }) => size),
        [MIB, MIB, MIB / 2],
      )
      assert.equal(new Set(grant.parts!.map(({ url }) => url)).size, 3)
      assert.equal(grant.url, grant.parts![0]!.url)
      await store.discard('a.1')
      assert.equal(s3.uploads.size, 0)
      await store.close()
    })

    it('that are copied are copied in the same pieces, and are whole', async () => {
      const store = open({ partBytes: MIB })
      await store.ensureBucket('bucket')
      await store.ensureBucket('staging')
      const content = randomBytes(2.5 * MIB)
      s3.put('staging/result', content)
      const received = s3.requests.length
      const ticket = await store.fillFrom!({ ...request, size: content.length }, { bucket: 'staging', key: 'result' })
      const copies = s3.requests.slice(received).filter(({ headers }) => 'x-amz-copy-source' in headers)
      assert.deepEqual(copies.map(({ headers, body }) => [headers['x-amz-copy-source-range'], body.length]).sort(), [
        [`bytes=0-${MIB - 1}`, 0],
        [`bytes=${MIB}-${2 * MIB - 1}`, 0],
        [`bytes=${2 * MIB}-${2.5 * MIB - 1}`, 0],
      ])
      assert.equal((await store.publish(ticket!)).size, content.length)
      assert.ok(s3.objects.get('bucket/a')?.equals(content))
      await store.close()
    })

    it('that may not be copied leave no upload behind; a store that does not answer is another matter', async () => {
      const store = open()
      await store.ensureBucket('bucket')
      const source = { bucket: 'staging', key: 'result' }
      s3.rule = ({ headers }) => ('x-amz-copy-source' in headers ? fault(403, 'AccessDenied') : undefined)
      assert.equal(await store.fillFrom!(request, source), undefined)
      assert.equal(s3.uploads.size, 0)
      s3.rule = ({ headers }) => ('x-amz-copy-source' in headers ? fault(503, 'SlowDown') : undefined)
      await rejects(store.fillFrom!(request, source), 'storage-unavailable')
      assert.equal(s3.uploads.size, 0)
      await store.close()
    })

    it('have grants that never outlive what a signature can be good for', async () => {
      const now = Date.now()
      const store = open({ now: () => now })
      await store.ensureBucket('bucket')
      const { grant } = await store.stage({ ...request, expiresAt: now + 30 * 24 * 3600 * 1000 })
      assert.equal(grant.expiresAt, now + 7 * 24 * 3600 * 1000)
      assert.equal(new URL(grant.url).searchParams.get('X-Amz-Expires'), String(7 * 24 * 3600))
      const late = await store.stage({ ...request, expiresAt: now - 1 })
      assert.equal(new URL(late.grant.url).searchParams.get('X-Amz-Expires'), '1')
      await store.close()
    })

    it('of an earlier life are thrown away, with the state directory as memory', async () => {
      const options = { stateDirectory: directory() }
      const first = open(options)
      await first.ensureBucket('bucket')
      await putGrant((await first.stage(request)).grant, Buffer.from('x'))
      await first.stage({ ...request, attempt: 'b.1' })
      await first.close()
      const second = open(options)
      assert.deepEqual((await second.stagedAttempts!()).toSorted(), ['a.1', 'b.1'])
      await second.discard('a.1')
      assert.deepEqual([await second.stagedAttempts!(), s3.uploads.size], [['b.1'], 1])
      await second.close()
    })
  })

  it('lists page by page, with keys that XML cannot hold', async () => {
    const client = connect({ endpoint: s3.url, pathStyle: true, keys: storageKeys() })
    const store = open()
    await store.ensureBucket('bucket')
    const keys = ['a\u0001b', 'a b', 'a+b', 'ü/%', 'x', 'y']
    for (const key of keys) await store.write(at(key), fromText(key))
    for (const pageSize of [1, 2, 6, 1000]) {
      const listed = await collect(listObjects(client, { bucket: 'bucket', prefix: '', pageSize }))
      assert.deepEqual(listed.map(({ key }) => key).sort(), keys.toSorted())
    }
    client.destroy()
    await store.close()
  })

  it('tells the identity of what was reported by asking for the object', async () => {
    const store = open()
    await store.ensureBucket('bucket')
    await store.write(at('a'), fromText('x'))
    const event = {
      storage: 'lake',
      ...at('a'),
      size: 1,
      etag: 'of-then',
      sequencer: '0055AED6DCD90281E5',
      time: 'then',
    }
    assert.deepEqual(await store.asListed!(event), { ...(await store.head(at('a'))), time: 'then' })
    const gone = { ...event, key: 'gone' }
    assert.deepEqual(await store.asListed!(gone), gone)
    await rejects(store.asListed!({ ...event, bucket: 'nowhere' }), 'bucket-not-found')
    await store.close()
  })
})
