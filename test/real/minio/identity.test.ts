/** What MinIO reports by webhook and what a listing finds is one event; two creations are two. */
import assert from 'node:assert/strict'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import { openStorage } from '../../../dispatcher/storage/open.js'
import { eventIdentity, type ObjectEvent } from '../../../runtime/contract/object-event.js'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'
import { parse } from '../../../runtime/events/parse.js'
import { eventually } from '../../support/eventually.js'
import { collect, fromText, generated } from '../../support/streams.js'
import { putGrant } from '../../support/use-grant.js'
import { skipWhere } from '../../support/skip-where.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'
import { WebhookReceiver } from './webhook-receiver.js'

const BUCKET = 'bucket'
const at = (key: string) => ({ bucket: BUCKET, key })

describe('the identity of an object in MinIO', () => {
  let server: MinioServer
  let receiver: WebhookReceiver

  skipWhere(whyNoMinio)
  before(async function () {
    this.timeout(1_200_000)
    receiver = await WebhookReceiver.start()
    // Encrypted, where tags are not what they seem.
    const environment = {
      MINIO_KMS_SECRET_KEY: `key:${Buffer.alloc(32, 7).toString('base64')}`,
      MINIO_KMS_AUTO_ENCRYPTION: 'on',
    }
    server = await MinioServer.start({ environment, webhooks: [{ endpoint: receiver.url }] })
  })
  after(async () => {
    await server?.stop()
    await receiver?.stop()
  })

  for (const [name, changes] of [
    ['minio', {}],
    ['s3, with an endpoint', { type: 's3', pathStyle: true }],
  ] as [string, Partial<StorageConfig>][]) {
    describe(`in a storage of type ${name}`, () => {
      let store: ObjectStore

      beforeEach(async () => {
        await server.clear()
        const minio = openStorage('lake', server.storage, { keys: KEYS })
        store = openStorage('lake', { ...server.storage, ...changes }, { keys: KEYS })
        await store.ensureBucket(BUCKET)
        await minio.notify!(BUCKET, [{ prefix: '', suffix: [] }])
        await minio.close()
        receiver.bodies.length = 0
      })
      afterEach(() => store.close())

      /** What was reported once that many notifications have come, in their order. */
      const reported = async (count: number): Promise<ObjectEvent[]> => {
        const bodies = await eventually(() => receiver.bodies.length >= count && receiver.bodies, { what: 'events' })
        const parsed = bodies.map((body) => parse(body, { storageOf: () => 'lake' }))
        assert.deepEqual(
          parsed.map(({ problem }) => problem),
          bodies.map(() => undefined),
        )
        return Promise.all(parsed.flatMap(({ events }) => events).map((event) => store.asListed!(event)))
      }
      const identities = (events: ObjectEvent[]) => [...new Set(events.map(eventIdentity))].sort()
      const listed = () => collect(store.list(BUCKET, ''))

      it('is the same for all ways in which objects are made', async () => {
        await store.write(at('put in one/ü+%.txt'), fromText('hello'))
        await store.write(at('empty'), fromText(''))
        await store.write(at('in parts'), generated(20 * 1024 ** 2))
        const staged = await store.stage({ ...at('result'), attempt: 'a.1', size: 6, expiresAt: Date.now() + 60_000 })
        await putGrant(staged.grant, Buffer.from('result'))
        await store.publish(staged.ticket)
        await server.client().copyObject(BUCKET, 'copy', `/${BUCKET}/empty`)
        const events = await reported(5)
        assert.deepEqual(identities(events), identities(await listed()))
        for (const event of events) {
          const head = await store.head(event)
          assert.deepEqual([head?.size, eventIdentity(head!)], [event.size, eventIdentity(event)], event.key)
        }
      })

      it('changes when an object is overwritten with the same content later', async () => {
        await store.write(at('a'), fromText('same'))
        const [first] = await reported(1)
        await eventually(() => Date.now() > Date.parse(first!.time) + 1100)
        await store.write(at('a'), fromText('same'))
        const [, second] = await reported(2)
        assert.notEqual(eventIdentity(first!), eventIdentity(second!))
        assert.deepEqual(identities([second!]), identities(await listed()))
      })

      it('stays what it is when tags change', async () => {
        await store.write(at('a'), fromText('x'))
        const before = identities(await reported(1))
        await server.client().setObjectTagging(BUCKET, 'a', { colour: 'red' })
        await store.write(at('b'), fromText('x'))
        assert.equal((await reported(2)).length, 2)
        assert.ok(identities(await listed()).includes(before[0]!))
      })

      it('is that of each version where the bucket keeps versions', async () => {
        await server.client().setBucketVersioning(BUCKET, { Status: 'Enabled' })
        await store.write(at('a'), fromText('one'))
        await store.write(at('a'), fromText('two'))
        const [first, second] = await reported(2)
        assert.ok(first!.version && second!.version && first!.version !== second!.version)
        assert.notEqual(eventIdentity(first!), eventIdentity(second!))
        assert.deepEqual(identities([second!]), identities(await listed()))
        const grant = await store.grantRead(first!, Date.now() + 60_000)
        assert.equal(await (await fetch(grant.url)).text(), 'one')
        await server.client().removeObject(BUCKET, 'a', { versionId: first!.version! })
        await server.client().removeObject(BUCKET, 'a', { versionId: second!.version! })
      })

      it('stays that of the notification when the object is gone', async () => {
        await store.write(at('a'), fromText('one'))
        await store.remove(at('a'))
        const [event] = await reported(1)
        assert.equal(event!.key, 'a')
        assert.deepEqual(await listed(), [])
      })
    })
  }
})
