/** What goes wrong between a dispatcher and a real MinIO server, in words that say what to do. */
import assert from 'node:assert/strict'
import dns from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AssumeRoleProvider } from 'minio/dist/main/AssumeRoleProvider.js'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import { openStorage } from '../../../dispatcher/storage/open.js'
import type { StorageConfig, StorageKeys } from '../../../runtime/contract/service-config.js'
import { rejects } from '../../suites/object-store.suite.js'
import { collect, fromText, toText } from '../../support/streams.js'
import { getGrant, putGrant } from '../../support/use-grant.js'
import { skipWhere } from '../../support/skip-where.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'

const BUCKET = 'bucket'
const DOMAIN = { MINIO_DOMAIN: 'minio.test' }
const at = (key: string) => ({ bucket: BUCKET, key })

describe('a storage in MinIO that does not do what it should', () => {
  let server: MinioServer
  let opened: ObjectStore[] = []

  const open = (keys: StorageKeys = KEYS, changes: Partial<StorageConfig> = {}) => {
    const store = openStorage('lake', { ...server.storage, ...changes }, { keys })
    opened.push(store)
    return store
  }
  /** Keys of a session that may do only that. */
  const limitedTo = async (actions: string[]): Promise<StorageKeys> => {
    const allow = { Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::*'] }
    const provider = new AssumeRoleProvider({
      stsEndpoint: server.endpoint,
      ...KEYS,
      policy: JSON.stringify({ Version: '2012-10-17', Statement: [allow] }),
    })
    const credentials = await provider.getCredentials()
    return {
      accessKey: credentials.getAccessKey(),
      secretKey: credentials.getSecretKey(),
      sessionToken: credentials.getSessionToken(),
    }
  }

  skipWhere(whyNoMinio)
  before(async function () {
    this.timeout(1_200_000)
    server = await MinioServer.start({ environment: DOMAIN })
  })
  after(() => server?.stop())
  beforeEach(async () => {
    await server.clear()
    await open().ensureBucket(BUCKET)
  })
  afterEach(async () => {
    await Promise.all(opened.map((store) => store.close()))
    opened = []
  })

  it('names the variables when the keys are wrong', async () => {
    const variables = /SPILLWAY_STORAGE_LAKE_ACCESS_KEY and _SECRET_KEY/
    await rejects(open({ ...KEYS, secretKey: 'wrong-secret' }).read(at('a')), 'storage-refused', variables)
    await rejects(collect(open({ ...KEYS, accessKey: 'nobody' }).list(BUCKET, '')), 'storage-refused', variables)
  })

  it('names the permission that is missing', async () => {
    await open().write(at('a'), fromText('x'))
    const reader = open(await limitedTo(['s3:GetObject', 's3:ListBucket']))
    assert.equal(await toText(await reader.read(at('a'))), 'x')
    await reader.ensureBucket(BUCKET)
    const request = { ...at('out'), attempt: 'a.1', size: 1, expiresAt: Date.now() + 60_000 }
    await rejects(reader.stage(request), 'storage-refused', /lake:\/\/bucket\/out: .*permission s3:PutObject/)
    await rejects(
      reader.ensureBucket('another'),
      'storage-refused',
      /s3:CreateBucket; create the bucket, or allow that/,
    )
    await rejects(reader.notify!(BUCKET, []), 'storage-refused', /s3:GetBucketNotification/)
    const writer = open(await limitedTo(['s3:PutObject']))
    await rejects(collect(writer.list(BUCKET, '')), 'storage-refused', /s3:ListBucket/)
    await rejects(writer.grantRead(at('a'), request.expiresAt), 'storage-refused', /s3:GetObject/)
  })

  it('needs no more than the page about MinIO says', async () => {
    const actions = ['ListBucket', 'GetObject', 'PutObject', 'AbortMultipartUpload', 'ListMultipartUploadParts']
    const store = open(
      await limitedTo([...actions, 'GetBucketNotification', 'PutBucketNotification'].map((a) => `s3:${a}`)),
    )
    await store.ensureBucket(BUCKET)
    await store.write(at('in'), fromText('x'))
    assert.equal(await toText(await getGrant(await store.grantRead(at('in'), Date.now() + 60_000))), 'x')
    const { grant, ticket } = await store.stage({
      ...at('out'),
      attempt: 'a.1',
      size: 1,
      expiresAt: Date.now() + 60_000,
    })
    await putGrant(grant, Buffer.from('y'))
    await store.publish(ticket)
    await store.stage({ ...at('not'), attempt: 'a.1', size: 1, expiresAt: Date.now() + 60_000 })
    await store.discard('a.1')
    assert.deepEqual(
      (await collect(store.list(BUCKET, ''))).map(({ key }) => key),
      ['in', 'out'],
    )
    await store.notify!(BUCKET, [])
  })

  it('may come back when nothing answers, or when what answers is no S3', async () => {
    const html = createServer((_request, response) => response.end('<html>hello</html>'))
    await new Promise<void>((resolve) => html.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(html.address() as AddressInfo).port}`
    try {
      await server.kill()
      const gone = open()
      for (const call of [
        () => gone.read(at('a')),
        () => gone.ensureBucket(BUCKET),
        () => collect(gone.list(BUCKET, '')),
        () => gone.write(at('a'), fromText('x')),
        () => gone.notify!(BUCKET, []),
      ])
        await rejects(call(), 'storage-unavailable', /lake:\/\/bucket.*does not answer.*ECONNREFUSED/)
      await rejects(open(KEYS, { endpoint: 'http://no-such-host.invalid' }).read(at('a')), 'storage-unavailable')
      const other = open(KEYS, { endpoint: address })
      for (const call of [() => collect(other.list(BUCKET, '')), () => other.ensureBucket(BUCKET)])
        await rejects(call(), 'storage-refused', /no S3 store.*check `endpoint`/)
    } finally {
      html.closeAllConnections()
      html.close()
      await server.restart()
    }
    assert.equal(await open().head(at('a')), undefined)
  })

  it('needs the region where the server has one', async () => {
    await server.restart({
      environment: { MINIO_SITE_REGION: 'eu-lab-1' },
      webhooks: [{ endpoint: 'http://127.0.0.1:1/v1/events' }],
    })
    try {
      await rejects(open().ensureBucket('there'), 'storage-refused', /set `region` of the storage.*eu-lab-1/)
      const store = open(KEYS, { region: 'eu-lab-1' })
      await store.ensureBucket('there')
      await store.notify!('there', [{ prefix: 'in/', suffix: [] }])
      await store.notify!('there', [])
    } finally {
      await server.restart({ environment: DOMAIN, webhooks: [] })
    }
  })

  it('refuses names that no request can carry', async () => {
    const store = open()
    const keys = ['../x', 'a/../b', 'a/./b', '.', '/a', 'a\0b', '\ud800', 'x'.repeat(1025), 'é'.repeat(600)]
    for (const key of keys) {
      await rejects(store.head(at(key)), 'invalid-key')
      await rejects(store.write(at(key), fromText('x')), 'invalid-key')
    }
    for (const bucket of ['', 'a/b', '..', 'a..b', 'bucket?x', '*'])
      await rejects(store.head({ bucket, key: 'a' }), 'invalid-key')
    assert.deepEqual(await collect(store.list(BUCKET, '')), [])
  })

  it('takes buckets in host names too', async () => {
    const lookup = dns.lookup
    const toLoopback = (host: string, ...rest: unknown[]) =>
      (lookup as (...words: unknown[]) => void)(host.endsWith('minio.test') ? '127.0.0.1' : host, ...rest)
    dns.lookup = toLoopback as typeof dns.lookup
    try {
      const store = open(KEYS, { endpoint: `http://minio.test:${server.port}`, pathStyle: false })
      await store.write(at('a b'), fromText('x'))
      const grant = await store.grantRead(at('a b'), Date.now() + 60_000)
      assert.equal(new URL(grant.url).host, `bucket.minio.test:${server.port}`)
      assert.equal(await toText(await getGrant(grant)), 'x')
      await store.notify!(BUCKET, [])
    } finally {
      dns.lookup = lookup
    }
  })
})
