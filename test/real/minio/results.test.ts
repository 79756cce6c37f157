/** Results in a real MinIO server: by the grants that workers get, through crashes, never by anybody but the dispatcher. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { openS3Store } from '../../../dispatcher/storage/s3.js'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import type { OutputGrant } from '../../../runtime/contract/grant.js'
import { readGranted, writeGranted } from '../../../runtime/supervisor/transfer/granted.js'
import { rejects } from '../../suites/object-store.suite.js'
import { fromText, generated, toText } from '../../support/streams.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { skipWhere } from '../../support/skip-where.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'

const MIB = 1024 ** 2
const PART = 5 * MIB
const BUCKET = 'bucket'
const ATTEMPT = '01900000-0000-7000-8000-000000000001.1'
const LATER = '01900000-0000-7000-8000-000000000001.2'
const at = (key: string) => ({ bucket: BUCKET, key })

describe('results in MinIO', () => {
  const directory = temporaryDirectory()
  let server: MinioServer
  let store: ObjectStore

  const open = (tls = server) =>
    openS3Store({
      name: 'lake',
      type: 'minio',
      endpoint: tls.endpoint,
      pathStyle: true,
      keys: KEYS,
      stateDirectory: directory(),
      partBytes: PART,
      ...(tls.caFile ? { ca: readFileSync(tls.caFile, 'utf8') } : {}),
    })
  const stage = (key: string, size: number, attempt = ATTEMPT) =>
    store.stage({ ...at(key), size, attempt, expiresAt: Date.now() + 60_000 })
  const send = (grant: OutputGrant, content: Buffer) => {
    const from = join(directory(), 'result')
    writeFileSync(from, content)
    return writeGranted({ grant, from, mayMove: false, signal: AbortSignal.timeout(30_000) })
  }
  const readBack = async (key: string) => buffer(await store.read(at(key)))
  /** Unfinished uploads of one key, of whatever test; MinIO lists them only by whole keys. */
  const unfinished = async (key: string) => {
    const found: string[] = []
    for await (const { uploadId } of server.client().listIncompleteUploads(BUCKET, key, true)) found.push(uploadId)
    return found.length
  }
  const kept = () => {
    const folder = join(directory(), 'uploads', 'lake')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  skipWhere(whyNoMinio)
  before(async function () {
    this.timeout(1_200_000)
    server = await MinioServer.start()
  })
  after(() => server?.stop())
  beforeEach(async () => {
    await server.clear()
    store = open()
    await store.ensureBucket(BUCKET)
  })
  afterEach(() => store.close())

  for (const [what, size] of [
    ['nothing', 0],
    ['one byte', 1],
    ['one piece exactly', PART],
    ['one piece and a byte', PART + 1],
    ['three pieces', 3 * PART - 7],
  ] as const) {
    it(`come as they were written: ${what}`, async () => {
      const content = randomBytes(size)
      const { grant, ticket } = await stage('a', size)
      assert.equal(grant.parts?.length ?? 1, Math.max(1, Math.ceil(size / PART)))
      await send(grant, content)
      assert.equal(await store.head(at('a')), undefined)
      assert.equal((await store.publish(ticket)).size, size)
      assert.ok((await readBack('a')).equals(content))
      assert.equal((await store.grantRead(at('a'), Date.now() + 1000)).size, size)
    })
  }

  it('are refused while pieces are missing, and published when they have come', async () => {
    const content = randomBytes(2 * PART + 1)
    const { grant, ticket } = await stage('a', content.length)
    const [first, ...rest] = grant.parts!
    await fetch(first!.url, { method: 'PUT', body: new Uint8Array(content.subarray(0, PART)) })
    await rejects(store.publish(ticket), 'output-refused', /1 of 3 pieces/)
    assert.equal(await store.head(at('a')), undefined)
    for (const [index, { url, size }] of rest.entries()) {
      const start = (index + 1) * PART
      await fetch(url, { method: 'PUT', body: new Uint8Array(content.subarray(start, start + size)) })
    }
    assert.equal((await store.publish(ticket)).size, content.length)
  })

  it('of a file that has changed since it was announced are not sent', async () => {
    const { grant } = await stage('a', 2 * PART)
    await assert.rejects(send(grant, randomBytes(PART)), /has 5242880 bytes now, but 10485760 were announced/)
  })

  it('are found published after a crash, also by another life of the dispatcher', async () => {
    const { grant, ticket } = await stage('a', 6)
    await send(grant, Buffer.from('result'))
    await store.publish(ticket)
    await store.close()
    store = open()
    assert.deepEqual(await store.publish(ticket), { storage: 'lake', bucket: BUCKET, key: 'a', size: 6 })
    await store.discard(ATTEMPT)
    assert.equal(await toText(await store.read(at('a'))), 'result')
  })

  it('of one attempt are not taken for those of another', async () => {
    const first = await stage('a', 5)
    const second = await stage('a', 6, LATER)
    await send(first.grant, Buffer.from('first'))
    await store.discard(ATTEMPT)
    await send(second.grant, Buffer.from('second'))
    await store.publish(second.ticket)
    await rejects(store.publish(first.ticket), 'output-refused')
    assert.equal(await toText(await store.read(at('a'))), 'second')
  })

  it('cannot be written or completed by a worker whose attempt is over', async () => {
    const { grant, ticket } = await stage('a', 5)
    await send(grant, Buffer.from('first'))
    await store.discard(ATTEMPT)
    await assert.rejects(send(grant, Buffer.from('again')), /404/)
    const completing = grant.url.replace('partNumber=1&', '')
    const xml = '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>'
    assert.equal((await fetch(completing, { method: 'POST', body: xml })).status, 403)
    await rejects(store.publish(ticket), 'output-refused')
    assert.equal(await store.head(at('a')), undefined)
  })

  it('that nobody published are thrown away by the next life, each attempt by itself', async () => {
    for (const [key, attempt] of [
      ['mine', ATTEMPT],
      ['mine/too', ATTEMPT],
      ['another', LATER],
    ] as const)
      await send((await stage(key, 1, attempt)).grant, Buffer.from('x'))
    await store.close()
    store = open()
    assert.deepEqual((await store.stagedAttempts!()).toSorted(), [ATTEMPT, LATER])
    await store.discard(ATTEMPT)
    assert.deepEqual([await unfinished('mine'), await unfinished('mine/too'), await unfinished('another')], [0, 0, 1])
    assert.deepEqual(await store.stagedAttempts!(), [LATER])
    await store.discard(LATER)
    assert.deepEqual([await unfinished('another'), kept()], [0, []])
  })

  it('that could not be thrown away while the server was gone are kept in mind', async () => {
    await stage('meanwhile', 1)
    await server.kill()
    await rejects(store.discard(ATTEMPT), 'storage-unavailable')
    await server.restart()
    await store.close()
    store = open()
    await store.discard(ATTEMPT)
    assert.deepEqual([await unfinished('meanwhile'), await store.stagedAttempts!()], [0, []])
  })

  it('leave nothing behind once they are published', async () => {
    const { grant, ticket } = await stage('clean', 1)
    await send(grant, Buffer.from('x'))
    await store.publish(ticket)
    await store.discard(ATTEMPT)
    assert.deepEqual([kept(), await unfinished('clean'), await store.stagedAttempts!()], [[], 0, []])
  })

  it('may be large: 150 MB in 30 pieces, in little memory', async function () {
    this.timeout(60_000)
    const size = 30 * PART
    await store.write(at('large'), generated(size))
    const input = {
      ...(await store.grantRead(at('large'), Date.now() + 60_000)),
      method: 'GET',
      name: 'large',
    } as const
    const to = join(directory(), 'large')
    const before = process.memoryUsage().rss
    await readGranted({ grant: input, to, bytesMax: size, signal: AbortSignal.timeout(30_000) })
    const { grant, ticket } = await stage('out', size)
    await writeGranted({ grant, from: to, mayMove: false, signal: AbortSignal.timeout(30_000) })
    assert.equal((await store.publish(ticket)).size, size)
    const grown = Math.round((process.memoryUsage().rss - before) / MIB)
    assert.ok(grown < 100, `memory grew by ${grown} MB`)
  })

  describe('over TLS with a certificate of its own authority', () => {
    let secure: MinioServer
    before(async () => {
      secure = await MinioServer.start({ tls: true })
    })
    after(() => secure?.stop())

    it('go both ways, as workers trust what the dispatcher trusts', async () => {
      await store.close()
      store = open(secure)
      await store.ensureBucket(BUCKET)
      const { grant, ticket } = await stage('a', 2 * PART)
      await send(grant, randomBytes(2 * PART))
      await store.publish(ticket)
      const read = { ...(await store.grantRead(at('a'), Date.now() + 60_000)), method: 'GET', name: 'a' } as const
      const to = join(directory(), 'a')
      await readGranted({ grant: read, to, bytesMax: 2 * PART, signal: AbortSignal.timeout(10_000) })
      assert.ok(readFileSync(to).equals(readFileSync(join(directory(), 'result'))))
      await store.write(at('b'), fromText('b'))
    })

    it('say what to set when the authority is not known', async () => {
      await store.close()
      store = openS3Store({ name: 'lake', type: 'minio', endpoint: secure.endpoint, pathStyle: true, keys: KEYS })
      await rejects(store.ensureBucket(BUCKET), 'storage-unavailable', /lake:\/\/bucket: .*not trusted.*caFile/)
    })
  })
})
