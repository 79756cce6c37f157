/** Files in MinIO start functions, results are files in MinIO: a real dispatcher process, and what happens when one of them fails. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'minio'
import { text } from 'node:stream/consumers'
import type { EventsAnswer } from '../../../runtime/contract/dispatcher-api.js'
import { dispatchers, type DispatcherProcess } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { freePort } from '../../support/free-port.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { skipWhere } from '../../support/skip-where.js'
import { MinioServer, whyNoMinio, type WebhookTarget } from '../programs/minio.js'

const BUCKET = 'files'
const TOKEN = 'token-of-the-server'
const UPPER = '#!/bin/sh\ntr a-z A-Z <"$INPUT_FILE_PATH" >"$TMP_OUTPUT_DIR/${INPUT_FILE_PATH##*/}"\n'
const NAME = 's-dev-upper'
/** Seconds between two listings. */
const RECONCILE = 2
/** Milliseconds after which nothing more can come of a listing. */
const TWO_LISTINGS_MS = 2 * RECONCILE * 1000 + 1500

describe('files in MinIO', function () {
  this.timeout(120_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  let server: MinioServer
  let client: Client
  let port: number

  skipWhere(whyNoMinio)
  before(async function () {
    this.timeout(1_200_000)
    server = await MinioServer.start()
    client = server.client()
  })
  after(() => server?.stop())
  beforeEach(async () => {
    await server.restart({ webhooks: [] })
    await server.clear()
    port = await freePort()
  })

  const target = (changes: Partial<WebhookTarget> = {}): WebhookTarget => ({
    endpoint: `http://127.0.0.1:${port}/v1/events?storage=lake`,
    token: TOKEN,
    ...changes,
  })
  const startDispatcher = (reconcile = RECONCILE) =>
    start({
      config: { listen: `127.0.0.1:${port}`, storage: { lake: { ...server.storage, reconcile } } },
      environment: { ...server.environment('lake'), SPILLWAY_TOKENS_EVENTS: TOKEN },
    })
  const deploy = (dispatcher: DispatcherProcess, spec: Record<string, unknown> = {}) =>
    dispatcher.put(NAME, UPPER, { input: `lake://${BUCKET}/in/`, output: `lake://${BUCKET}/out/`, ...spec })
  const upload = (key: string, content = key) => client.putObject(BUCKET, key, content)
  const read = async (key: string) => text(await client.getObject(BUCKET, key))
  const appears = (key: string, timeoutMs = 15_000) => eventually(() => read(key), { timeoutMs, what: key })
  const uploads = () => join(directory(), 'state/uploads/lake')
  const knownUploads = (): string[] =>
    readdirSync(uploads())
      .flatMap((attempt) => readFileSync(join(uploads(), attempt), 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { upload: string }).upload)
  const passed = async (milliseconds: number) => {
    const until = Date.now() + milliseconds
    await eventually(() => Date.now() > until, { timeoutMs: milliseconds + 1000 })
  }

  it('start functions within moments, once each, whatever they are called', async () => {
    await server.restart({ webhooks: [target()] })
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    const names = ['a.txt', 'b c.txt', 'plus+and%25.txt', 'grüße, 日本語.txt', "it's (1) & [2].txt"]
    for (const name of names) await upload(`in/${name}`, `content of ${name}`)
    for (const name of names)
      assert.equal(
        await appears(`out/${name}`),
        `content of ${name}`.replace(/[a-z]/g, (c) => c.toUpperCase()),
      )
    await upload('elsewhere/a.txt')
    await passed(TWO_LISTINGS_MS)
    const { invocations } = await dispatcher.invocations()
    assert.deepEqual(
      invocations.map(({ state, attempts }) => [state, attempts]),
      names.map(() => ['succeeded', 1]),
    )
  })

  it('are processed again when they are overwritten, with the same content too', async () => {
    await server.restart({ webhooks: [target()] })
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    for (const count of [1, 2, 3]) {
      await upload('in/a', 'same')
      await dispatcher.allEnded(count)
    }
    await passed(TWO_LISTINGS_MS)
    assert.equal((await dispatcher.invocations()).invocations.length, 3)
  })

  it('that lay there before the deploy, and empty ones, are processed too', async () => {
    await server.restart({ webhooks: [target()] })
    await client.makeBucket(BUCKET)
    await upload('in/before', 'x')
    await upload('in/empty', '')
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    assert.equal(await appears('out/before'), 'X')
    await dispatcher.allEnded(2)
    assert.equal((await client.statObject(BUCKET, 'out/empty')).size, 0)
  })

  it('need a webhook target: the deploy says which settings are missing, and works once they are there', async () => {
    const dispatcher = await startDispatcher()
    await assert.rejects(deploy(dispatcher), (error: Error) => {
      const { code, status, detail } = JSON.parse(error.message) as Record<string, string | number>
      assert.deepEqual([code, status], ['webhook-missing', 422])
      const endpoint = `MINIO_NOTIFY_WEBHOOK_ENDPOINT_SPILLWAY=http://127.0.0.1:${port}/v1/events?storage=lake\n`
      assert.ok(String(detail).includes(endpoint), String(detail))
      return true
    })
    await upload('in/listed', 'x')
    assert.equal(await appears('out/listed'), 'X')
    await server.restart({ webhooks: [target()] })
    assert.equal((await deploy(dispatcher)).created, false)
    assert.equal((await client.getBucketNotification(BUCKET)).QueueConfiguration?.length, 1)
  })

  it('that the webhook lost are found by listing, once', async () => {
    await server.restart({ webhooks: [target()] })
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    await server.restart({ webhooks: [target({ endpoint: 'http://127.0.0.1:1/v1/events' })] })
    for (let index = 0; index < 5; index++) await upload(`in/${index}`, `lost ${index}`)
    const begin = Date.now()
    for (let index = 0; index < 5; index++) assert.equal(await appears(`out/${index}`), `LOST ${index}`)
    assert.ok(Date.now() - begin < (RECONCILE + 5) * 1000)
    await passed(TWO_LISTINGS_MS)
    assert.equal((await dispatcher.invocations()).invocations.length, 5)
  })

  it('that came while the dispatcher was away are found when it is back, once', async () => {
    await server.restart({ webhooks: [target()] })
    const first = await startDispatcher(600)
    await deploy(first)
    await upload('in/one', 'one')
    await appears('out/one')
    await first.stop()
    await upload('in/two', 'two')
    const second = await startDispatcher(600)
    assert.equal(await appears('out/two'), 'TWO')
    assert.equal((await second.invocations()).invocations.length, 2)
  })

  it('that the server keeps in its queue come once, though they are listed meanwhile', async () => {
    await server.restart({ webhooks: [target({ queue: true })] })
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    for (let index = 0; index < 20; index++) await upload(`in/${index}`, 'x')
    await dispatcher.allEnded(20)
    await passed(5000)
    assert.equal((await dispatcher.invocations()).invocations.length, 20)
  })

  it('are not held up by events that nobody can read or wants', async () => {
    await server.restart({ webhooks: [target({ queue: true })] })
    const dispatcher = await startDispatcher(600)
    await deploy(dispatcher)
    await client.makeBucket('others')
    const rules = await client.getBucketNotification(BUCKET)
    const { NotificationConfig, QueueConfig } = await import('minio')
    const config = new NotificationConfig()
    const queue = new QueueConfig(String((rules.QueueConfiguration as { Queue: string }[])[0]!.Queue))
    queue.addEvent('s3:ObjectCreated:*')
    queue.addEvent('s3:ObjectRemoved:*')
    config.add(queue)
    await client.setBucketNotification('others', config)
    const headers = { authorization: `Bearer ${TOKEN}` }
    for (const body of ['{"Records":[{}]}', 'not JSON', '{"Records":[{"eventName":"s3:ObjectCreated:Put"}]}'])
      assert.ok((await dispatcher.call<EventsAnswer>('POST', '/v1/events', body, headers)).body.quarantined)
    await client.putObject('others', 'a', 'x')
    await client.removeObject('others', 'a')
    await upload('in/gone', 'x')
    await client.removeObject(BUCKET, 'in/gone')
    await upload('in/a', 'x')
    assert.equal(await appears('out/a'), 'X')
    const refused = await dispatcher.call('POST', '/v1/events', '{}', { authorization: 'Bearer wrong' })
    assert.equal(refused.status, 401)
  })

  it('and their functions survive the server: killed under load, nothing is lost and nothing comes twice', async () => {
    await server.restart({ webhooks: [target()] })
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    const keys = Array.from({ length: 20 }, (_, index) => String(index))
    for (const key of keys) {
      await upload(`in/${key}`, `content ${key}`)
      if (key === '10') await server.restart()
    }
    for (const key of keys) assert.equal(await appears(`out/${key}`, 60_000), `CONTENT ${key}`)
    const ended = await dispatcher.allEnded(keys.length)
    assert.deepEqual([ended.length, ended.filter(({ state }) => state !== 'succeeded')], [keys.length, []])
  })

  it('and their functions survive the dispatcher: killed under load, and nothing unfinished that it knew of is left', async () => {
    await server.restart({ webhooks: [target()] })
    let dispatcher = await startDispatcher()
    const known = new Set<string>()
    const slow = `#!/bin/sh\nsleep 0.2\n${UPPER.split('\n')[1]}\n`
    await dispatcher.put(NAME, slow, { input: `lake://${BUCKET}/in/`, output: `lake://${BUCKET}/out/` })
    const keys = Array.from({ length: 20 }, (_, index) => String(index))
    for (const key of keys) await upload(`in/${key}`, `content ${key}`)
    for (const key of ['3', '8', '12']) {
      await appears(`out/${key}`, 60_000)
      await dispatcher.kill()
      for (const upload of knownUploads()) known.add(upload)
      dispatcher = await startDispatcher()
    }
    for (const key of keys) assert.equal(await appears(`out/${key}`, 90_000), `CONTENT ${key}`)
    const ended = await dispatcher.allEnded(keys.length, 60_000)
    assert.deepEqual([ended.length, ended.filter(({ state }) => state !== 'succeeded')], [keys.length, []])
    await eventually(() => readdirSync(uploads()).length === 0)
    // One that MinIO began and whose id never arrived is left to MinIO's own rule for stale uploads.
    for (const key of keys)
      for await (const { uploadId } of client.listIncompleteUploads(BUCKET, `out/${key}`, true))
        assert.ok(!known.has(uploadId), key)
  })

  it('are reported no more when the function is gone; the rules of others stay', async () => {
    await server.restart({ webhooks: [target()] })
    const dispatcher = await startDispatcher()
    await deploy(dispatcher)
    await dispatcher.put('s-dev-other', UPPER, { input: `lake://${BUCKET}/other/`, output: `lake://${BUCKET}/out/` })
    const prefixes = async () =>
      ((await client.getBucketNotification(BUCKET)).QueueConfiguration as unknown as Rule[]).map(
        ({ Filter }) => Filter[0]?.Value,
      )
    assert.deepEqual((await prefixes()).toSorted(), ['in/', 'other/'])
    await dispatcher.call('DELETE', `/v1/functions/${NAME}`)
    assert.deepEqual(await prefixes(), ['other/'])
    await dispatcher.put('s-dev-other', UPPER, { input: 'lake://elsewhere/', output: `lake://${BUCKET}/out/` })
    assert.deepEqual(await prefixes(), [])
    await server.kill()
    assert.equal((await dispatcher.call('DELETE', '/v1/functions/s-dev-other')).status, 204)
    assert.match(dispatcher.log, /notifications that nobody needs any more were left.*lake:\/\/elsewhere/)
  })
})

interface Rule {
  Filter: { Value: string }[]
}
