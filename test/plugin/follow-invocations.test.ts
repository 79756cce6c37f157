import assert from 'node:assert/strict'
import { DispatcherClient, type InvocationQuery } from '../../plugin/dispatcher-client.js'
import { followInvocations, Watch } from '../../plugin/follow-invocations.js'
import type { Output } from '../../plugin/serverless.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { eventually } from '../support/eventually.js'
import { FakeDispatcher } from '../support/fake-dispatcher.js'

const HOUR_MS = 3_600_000

/** Keeps what it was asked for; refuses while it is told to. */
class AskedClient extends DispatcherClient {
  readonly since: number[] = []
  refuses = false

  override invocations(query: InvocationQuery) {
    if (this.refuses) throw new SpillwayError('database-unavailable', 'The disk is full.')
    if (query.since !== undefined) this.since.push(query.since)
    return super.invocations(query)
  }
}

describe('following invocations', () => {
  let fake: FakeDispatcher
  let client: AskedClient

  beforeEach(async () => {
    fake = await new FakeDispatcher().listen()
    client = new AskedClient({ url: fake.url })
  })
  afterEach(() => fake.close())

  const accept = (body: string) => fake.addInvocation('f', Buffer.from(body), 'text/plain')

  it('tells each once, and looks no further back than the oldest that is open', async () => {
    let later = 0
    const start = Date.now()
    const watch = new Watch(client, ['f'], () => (later === 0 ? start : Date.now() + later))
    const [waiting, done] = [accept('wait'), accept('done')]
    const told = async () => (await watch.ended()).map(({ id }) => id)
    assert.deepEqual(await told(), [done.id])
    later = HOUR_MS
    assert.deepEqual(await told(), [])
    waiting.state = 'succeeded'
    assert.deepEqual(await told(), [waiting.id])
    assert.equal(client.since.at(-1), waiting.acceptedAt)
    assert.deepEqual(await told(), [])
    assert.ok(client.since.at(-1)! > start + HOUR_MS / 2, 'it looks at the last seconds only')
  })

  it('goes on after looks that fail, and notes that once', async () => {
    const controller = new AbortController()
    const said: string[] = []
    const say = (message: unknown) => void said.push(String(message))
    const output = {
      log: { error: say, warning: say, notice: say, info: say, success: say },
      progress: { create: () => ({ update: () => undefined, remove: () => undefined }) },
      writeText: say,
    } as Output
    const following = followInvocations({ client, names: ['f'], output, signal: controller.signal })
    try {
      await eventually(() => client.since.length > 0)
      client.refuses = true
      await eventually(() => said.length > 0)
      client.refuses = false
      accept('done')
      await eventually(() => said.length > 1)
    } finally {
      controller.abort()
      await following
    }
    assert.match(said[0]!, /asking on\. The disk is full\.$/)
    assert.match(said[1]!, / {2}f {2}/)
  })
})
