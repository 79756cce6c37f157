/** MinIO's webhook as a source of events: a burst by its own client, and its own notices told again. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Client } from 'minio'
import { inTurn } from '../../../runtime/contract/in-turn.js'
import { DispatcherProcess } from '../../support/dispatcher-process.js'
import { eventually } from '../../support/eventually.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { eventSourceSuite, type EventSource } from '../../suites/event-source.suite.js'
import { MinioServer, whyNoMinio } from '../programs/minio.js'

const BUCKET = 'files'
const BURST = 2000
const AT_ONCE = 50
/** What is recorded need not run. */
const IDLE = '#!/bin/sh\nexec sleep 600\n'

describe('events of MinIO', function () {
  const directory = temporaryDirectory()
  let server: MinioServer
  let client: Client
  /** Between the two, so that the test knows what was told. */
  let between: Server
  let told: string[]
  let dispatcher: DispatcherProcess

  /** Resolves to the status of the answer. */
  const post = async (body: string): Promise<number> =>
    (await dispatcher.call('POST', '/v1/events?storage=lake', body)).status

  before(async function () {
    this.timeout(1_200_000)
    if (whyNoMinio()) this.skip()
    between = createServer((request, response) => {
      void buffer(request).then(async (body) => {
        told.push(String(body))
        response.writeHead(await post(String(body)).catch(() => 503)).end()
      })
    })
    await new Promise<void>((done) => between.listen(0, '127.0.0.1', done))
    const { port } = between.address() as AddressInfo
    server = await MinioServer.start({ webhooks: [{ endpoint: `http://127.0.0.1:${port}` }] })
    client = server.client()
  })
  after(async () => {
    await server?.stop()
    between?.closeAllConnections()
    between?.close()
  })

  async function open(): Promise<EventSource> {
    await server.clear()
    told = []
    dispatcher = await DispatcherProcess.start({
      directory: directory(),
      config: {
        storage: { lake: { ...server.storage, reconcile: 3600, settle: 0.02 } },
        backends: { local: { slots: 1 } },
      },
      environment: server.environment('lake'),
    })
    const deploy = (timeout: number) => dispatcher.put('f', IDLE, { input: `lake://${BUCKET}/`, timeout })
    await deploy(600)
    const send = (body: string) => eventually(async () => (await post(body)) === 200).then(() => undefined)
    const create = (keys: readonly string[], content = 'content') =>
      inTurn(keys, AT_ONCE, async (key) => void (await client.putObject(BUCKET, key, content)))
    let deploys = 600
    return {
      url: dispatcher.url,
      create,
      repeat: () =>
        inTurn(
          told.toReversed().flatMap((notice) => [notice, notice]),
          AT_ONCE,
          send,
        ),
      garble: () => send('{'),
      hide: async (keys) => {
        await client.removeAllBucketNotification(BUCKET)
        await create(keys)
      },
      /** Each deploy lists; it also sets the notifications again. */
      find: async () => void (await deploy(++deploys)),
      close: () => dispatcher.kill(),
    }
  }

  eventSourceSuite('MinIO', { burst: BURST, open })
})
