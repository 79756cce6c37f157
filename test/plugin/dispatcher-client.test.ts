import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DispatcherClient } from '../../plugin/dispatcher-client.js'
import { findEmbedded, locateDispatcher } from '../../plugin/locate-dispatcher.js'
import type { ServiceConfig } from '../../runtime/contract/service-config.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const ENVIRONMENT = { cacheDirectory: '', registries: {}, terminal: 'plain' as const }

describe('the dispatcher as the plugin sees it', () => {
  const directory = temporaryDirectory()
  let fake: FakeDispatcher

  beforeEach(async () => {
    fake = await new FakeDispatcher().listen()
  })
  afterEach(() => fake.close())

  const config = (dispatcher?: string) =>
    ({ storage: {}, backends: {}, ...(dispatcher ? { dispatcher } : {}) }) as ServiceConfig

  it('is the one that the configuration names, called with the token of the environment', async () => {
    const client = await locateDispatcher(
      { directory: directory(), config: config(`${fake.url}/`) },
      { ...ENVIRONMENT, token: 'secret' },
    )
    assert.deepEqual(await client.functions(), [])
    assert.equal(fake.requests[0]?.headers.authorization, 'Bearer secret')
  })

  it('is the embedded one that lives and answers, which needs no token', async () => {
    fake.announce(directory())
    assert.equal((await findEmbedded(directory()))?.url, fake.url)
    const client = await locateDispatcher(
      { directory: directory(), config: config() },
      { ...ENVIRONMENT, token: 'secret' },
    )
    await client.functions()
    assert.equal(fake.requests.at(-1)?.headers.authorization, undefined)
  })

  it('may be of a version that tells nothing of its storages', async () => {
    fake.storages = undefined
    const client = await locateDispatcher({ directory: directory(), config: config(fake.url) }, ENVIRONMENT)
    assert.deepEqual(await client.storages(), [])
  })

  it('is not what a dead process or a stopped server left behind', async () => {
    fake.announce(directory(), { pid: 2 ** 22 + 1 })
    assert.equal(await findEmbedded(directory()), undefined)
    fake.announce(directory())
    await fake.close()
    assert.equal(await findEmbedded(directory()), undefined)
    await assert.rejects(locateDispatcher({ directory: directory(), config: config() }, ENVIRONMENT), {
      code: 'dispatcher-unreachable',
      message:
        /^No dispatcher runs for this service\. Start one with `serverless spillway dev`, or set `spillway\.dispatcher` to the URL of yours\.$/,
    })
    fake = await new FakeDispatcher().listen()
  })

  it('answers problems with their code and message', async () => {
    const client = new DispatcherClient({ url: fake.url })
    await assert.rejects(client.invocation('none'), {
      code: 'invocation-not-found',
      message: 'There is no invocation none.',
    })
    assert.equal(await client.removeFunction('none'), false)
  })

  it('is unreachable when nobody listens, with the two ways out', async () => {
    const client = new DispatcherClient({ url: 'http://127.0.0.1:1' })
    assert.equal(await client.isReady(), false)
    await assert.rejects(client.functions(), {
      code: 'dispatcher-unreachable',
      message: /127\.0\.0\.1:1 \(.*ECONNREFUSED.*serverless spillway dev.*spillway\.dispatcher/,
    })
  })

  it('is told from a server that is something else', async () => {
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/v1/functions' ? 404 : 200).end('<html>'),
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const client = new DispatcherClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    try {
      await assert.rejects(client.functions(), {
        code: 'dispatcher-unreachable',
        message: /answered 404 to GET \/v1\/functions, as no dispatcher does/,
      })
      await assert.rejects(client.invocation('x'), { code: 'dispatcher-unreachable', message: /not JSON/ })
    } finally {
      server.close()
    }
  })
})
