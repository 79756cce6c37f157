/** A MinIO server that is away for a while, or takes no keys: work waits, fails nowhere, and goes on by itself. */
import assert from 'node:assert/strict'
import type { Client } from 'minio'
import type { StorageStatus } from '../../../runtime/contract/dispatcher-api.js'
import { dispatchers, type DispatcherProcess } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { MinioServer, whyNoMinio } from '../programs/minio.js'

const BUCKET = 'files'
const SLOW = '#!/bin/sh\nsleep 0.2\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
const KEYS_OF_WORK = Array.from({ length: 25 }, (_, index) => `in/${index}`)

/** Milliseconds. */
const OUTAGE_MS = 6000

describe('while MinIO', function () {
  this.timeout(180_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  let server: MinioServer
  let client: Client
  let dispatcher: DispatcherProcess

  before(async function () {
    this.timeout(1_200_000)
    if (whyNoMinio()) this.skip()
    server = await MinioServer.start()
    client = server.client()
  })
  after(() => server?.stop())

  beforeEach(async () => {
    await server.restart({ environment: {} })
    await server.clear()
    await client.makeBucket(BUCKET)
    dispatcher = await start({
      config: {
        storage: { lake: { ...server.storage, type: 's3', region: 'us-east-1', pathStyle: true, reconcile: 1 } },
        backends: { local: { slots: 2 } },
      },
      environment: server.environment('lake'),
    })
    await dispatcher.put('s-dev-copy', SLOW, {
      input: `lake://${BUCKET}/in/`,
      output: `lake://${BUCKET}/out/`,
      retries: { minDelay: 0, maxDelay: 1 },
    })
  })

  const lake = async (): Promise<StorageStatus> =>
    (await dispatcher.call<{ storages: StorageStatus[] }>('GET', '/v1/storages')).body.storages[0]!
  const states = async () => (await dispatcher.invocations('?limit=100')).invocations.map(({ state }) => state)

  /** Some of the work has run, most of it waits. */
  async function underWay(): Promise<void> {
    for (const key of KEYS_OF_WORK) await client.putObject(BUCKET, key, key)
    await eventually(async () => (await states()).length === KEYS_OF_WORK.length)
    await dispatcher.allEnded(2)
  }

  /** Nothing is handed out meanwhile; what had run waits to be published. */
  async function lasts(milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds
    await eventually(() => Date.now() > until, { timeoutMs: 2 * milliseconds })
    const now = await states()
    assert.ok(now.filter((state) => state === 'queued').length > KEYS_OF_WORK.length / 2, now.join())
    assert.ok(!now.includes('failed'), now.join())
  }

  async function goesOn(): Promise<void> {
    const ended = await dispatcher.allEnded(KEYS_OF_WORK.length, 120_000)
    assert.deepEqual(
      ended.filter(({ state }) => state !== 'succeeded'),
      [],
    )
    assert.equal((await lake()).healthy, true)
    assert.match(dispatcher.log, /can be used again/)
  }

  it('does not answer, work waits; it goes on when it is back', async () => {
    await underWay()
    await server.kill()
    const { messages } = await eventually(async () => {
      const status = await lake()
      return !status.healthy && status
    })
    assert.match(messages![0]!, /it does not answer/)
    await lasts(OUTAGE_MS)
    await server.restart()
    await goesOn()
    assert.equal(dispatcher.log.match(/work that needs lake waits/g)?.length, 1)
  })

  it('does not take the keys, work waits; it goes on when they are right', async () => {
    await underWay()
    await server.restart({ environment: { MINIO_ROOT_PASSWORD: 'a-new-secret-key' } })
    const { messages } = await eventually(async () => {
      const status = await lake()
      return !status.healthy && status
    })
    assert.match(messages![0]!, /lake:\/\/files/)
    await lasts(OUTAGE_MS)
    await server.restart({ environment: {} })
    await goesOn()
  })
})
