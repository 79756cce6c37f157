/** The notification rules of buckets on a real MinIO server: ours as functions want them, those of others as they were. */
import assert from 'node:assert/strict'
import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  S3Client,
  type QueueConfiguration,
} from '@aws-sdk/client-s3'
import type { NotifyFilter, ObjectStore } from '../../../dispatcher/storage/object-store.js'
import { openStorage } from '../../../dispatcher/storage/open.js'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'
import { parse } from '../../../runtime/events/parse.js'
import { rejects } from '../../suites/object-store.suite.js'
import { eventually } from '../../support/eventually.js'
import { fromText } from '../../support/streams.js'
import { skipWhere } from '../../support/skip-where.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'
import { WebhookReceiver } from './webhook-receiver.js'

const BUCKET = 'bucket'
const OTHERS = 'arn:minio:sqs::OTHERS:webhook'

describe('notification rules in MinIO', () => {
  let server: MinioServer
  let ours: WebhookReceiver
  let others: WebhookReceiver
  let client: S3Client
  let store: ObjectStore

  const open = (changes: Partial<StorageConfig> = {}) =>
    openStorage(
      'lake',
      { ...server.storage, ...changes },
      { keys: KEYS, dispatcherUrl: () => 'http://dispatcher:7700' },
    )
  const rules = async () => {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket: BUCKET })
    return (await client.send(command)).QueueConfigurations ?? []
  }
  const setRules = (QueueConfigurations: QueueConfiguration[]) =>
    client.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: BUCKET,
        NotificationConfiguration: { QueueConfigurations },
      }),
    )
  const notify = (...filters: NotifyFilter[]) => store.notify!(BUCKET, filters)
  const keysOf = (receiver: WebhookReceiver) =>
    receiver.bodies.flatMap((body) => parse(body, { storageOf: () => 'lake' }).events.map(({ key }) => key))
  const put = (key: string) => store.write({ bucket: BUCKET, key }, fromText('x'))

  skipWhere(whyNoMinio)
  before(async function () {
    this.timeout(1_200_000)
    ours = await WebhookReceiver.start()
    others = await WebhookReceiver.start()
    server = await MinioServer.start({
      webhooks: [
        { endpoint: `${ours.url}?storage=lake`, token: 'secret' },
        { id: 'OTHERS', endpoint: others.url },
      ],
    })
    client = new S3Client({
      endpoint: server.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: KEYS.accessKey, secretAccessKey: KEYS.secretKey },
    })
  })
  after(async () => {
    client?.destroy()
    await server?.stop()
    await ours?.stop()
    await others?.stop()
  })
  beforeEach(async () => {
    await server.clear()
    store = open()
    await store.ensureBucket(BUCKET)
    for (const receiver of [ours, others]) receiver.bodies.length = 0
  })
  afterEach(() => store.close())

  it('have the four kinds of creation each by name, and report those alone, with the token', async () => {
    await notify({ prefix: 'in/', suffix: [] })
    const [rule] = await rules()
    assert.deepEqual(rule?.Events?.toSorted(), [
      's3:ObjectCreated:CompleteMultipartUpload',
      's3:ObjectCreated:Copy',
      's3:ObjectCreated:Post',
      's3:ObjectCreated:Put',
    ])
    await put('out/a')
    await put('in/a')
    await server.client().setObjectTagging(BUCKET, 'in/a', { colour: 'red' })
    await put('in/b')
    await eventually(() => keysOf(ours).includes('in/b'))
    assert.deepEqual(keysOf(ours), ['in/a', 'in/b'])
    assert.ok(ours.tokens.every((token) => token === 'Bearer secret'))
  })

  it('report all that functions take, and each object once, whatever their prefixes and suffixes', async () => {
    await notify(
      { prefix: 'in/', suffix: ['.png', '.PNG'] },
      { prefix: 'in/deep/', suffix: ['.png'] },
      { prefix: 'in/x.', suffix: ['.txt'] },
      { prefix: 'i n/ü+%/', suffix: ['&.t'] },
    )
    const wanted = ['in/a.png', 'in/b.PNG', 'in/deep/c.png', 'in/x.txt', 'i n/ü+%/a&.t']
    for (const key of ['in/a.gif', ...wanted, 'in/last.png']) await put(key)
    await eventually(() => keysOf(ours).includes('in/last.png'))
    assert.deepEqual(keysOf(ours).toSorted(), [...wanted, 'in/last.png'].toSorted())
  })

  it('leave those of others as they are: targets, odd filters, ids; also when ours change and go', async () => {
    const foreign: QueueConfiguration[] = [
      { Id: 'theirs', QueueArn: OTHERS, Events: ['s3:ObjectRemoved:*'] },
      {
        Id: 'spillway-like',
        QueueArn: OTHERS,
        Events: ['s3:ObjectCreated:*'],
        Filter: {
          Key: {
            FilterRules: [
              { Name: 'prefix', Value: '0123' },
              { Name: 'suffix', Value: ' 1e5' },
            ],
          },
        },
      },
      {
        Id: 'of-our-target',
        QueueArn: 'arn:minio:sqs::SPILLWAY:webhook',
        Events: ['s3:ObjectRemoved:Delete'],
        Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: '<&>"\'' }] } },
      },
    ]
    await setRules(foreign)
    const before = await rules()
    assert.equal(before.length, 3)
    await notify({ prefix: 'a/', suffix: [] }, { prefix: 'b/', suffix: ['.x', '.y'] })
    assert.equal((await rules()).length, 6)
    assert.deepEqual((await rules()).slice(0, 3), before)
    await notify({ prefix: 'c/', suffix: [] })
    assert.deepEqual((await rules()).slice(0, 3), before)
    assert.deepEqual(
      (await rules()).slice(3).map(({ Filter }) => Filter?.Key?.FilterRules),
      [[{ Name: 'prefix', Value: 'c/' }]],
    )
    await notify()
    assert.deepEqual(await rules(), before)
    await put('0123 1e5')
    await eventually(() => keysOf(others).includes('0123 1e5'))
  })

  it('are written only where they differ', async () => {
    await notify({ prefix: 'in/', suffix: ['.a', '.b'] })
    const before = await rules()
    await notify({ prefix: 'in/', suffix: ['.b', '.a'] }, { prefix: 'in/', suffix: ['.a'] })
    assert.deepEqual(await rules(), before)
  })

  it('keep up with changes that come at once', async () => {
    const prefixes = Array.from({ length: 8 }, (_, index) => `p${index}/`)
    await Promise.all(
      prefixes.map((_, count) => notify(...prefixes.slice(0, count + 1).map((prefix) => ({ prefix, suffix: [] })))),
    )
    assert.equal((await rules()).length, prefixes.length)
  })

  it('lead to every target that is configured', async () => {
    await store.close()
    store = open({ webhook: ['SPILLWAY', OTHERS] })
    await notify({ prefix: '', suffix: [] })
    await put('a')
    await eventually(() => keysOf(ours).includes('a') && keysOf(others).includes('a'))
    await notify()
    assert.deepEqual(await rules(), [])
  })

  it('say what the server lacks when it has no such target, and change nothing', async () => {
    await notify({ prefix: 'in/', suffix: [] })
    const before = await rules()
    await store.close()
    store = open({ webhook: ['ELSEWHERE'] })
    await rejects(
      notify({ prefix: 'in/', suffix: [] }),
      'webhook-missing',
      /lake:\/\/bucket.*ELSEWHERE[^]*MINIO_NOTIFY_WEBHOOK_ENABLE_ELSEWHERE=on\n *MINIO_NOTIFY_WEBHOOK_ENDPOINT_ELSEWHERE=http:\/\/dispatcher:7700\/v1\/events\?storage=lake\n.*AUTH_TOKEN[^]*mc admin config set ALIAS notify_webhook:ELSEWHERE endpoint=/,
    )
    assert.deepEqual(await rules(), before)
  })

  it('need the bucket', async () => {
    await rejects(store.notify!('no-such-bucket', [{ prefix: '', suffix: [] }]), 'bucket-not-found')
  })
})
