/** The ways in which the dispatcher hears of new objects, as far as they need no server of others. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { placeEvent } from '../../../dispatcher/intake/place-event.js'
import { QueuePoller } from '../../../dispatcher/intake/queue-poller.js'
import { inTurn } from '../../../runtime/contract/in-turn.js'
import { parse } from '../../../runtime/events/parse.js'
import { eventually } from '../../support/eventually.js'
import { objectNotice } from '../../support/object-notice.js'
import { SmallS3 } from '../../support/s3/small-s3.js'
import { serveDispatcher, type ServedDispatcher } from '../../support/served-dispatcher.js'
import { SmallQueue } from '../../support/small-queue.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'
import { eventSourceSuite, type EventSource } from '../../suites/event-source.suite.js'

const BURST = 2000
/** Notices that are sent at once. */
const SENDERS = 100

describe('event sources', () => {
  const directory = temporaryDirectory()

  const deploy = async ({ url }: ServedDispatcher, input: string) => {
    const script = { path: 'run.sh', mode: 0o755, data: '' }
    const answer = await fetch(`${url}/v1/functions/f`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ spec: { script: 'run.sh', input }, files: [script] }),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }

  async function openDirectory(): Promise<EventSource> {
    const served = await serveDispatcher(directory())
    await deploy(served, 'here://in/')
    /** Files come whole: written beside the bucket and moved in. */
    const create = (keys: readonly string[], content = 'content') => {
      mkdirSync(join(directory(), 'made'), { recursive: true })
      for (const key of keys) {
        const made = join(directory(), 'made', key)
        writeFileSync(made, content)
        renameSync(made, served.path('in', key))
      }
      return Promise.resolve()
    }
    return {
      url: served.url,
      create,
      hide: create,
      find: () => served.dispatcher.reconcileNow(),
      close: () => served.stop(),
    }
  }

  /** A store like AWS's, of whose objects somebody tells by notices. */
  async function openStore(): Promise<{ s3: SmallS3; served: ServedDispatcher; source: Omit<EventSource, 'create'> }> {
    const s3 = await SmallS3.start()
    const { accessKeyId, secretAccessKey, sessionToken } = s3.keys
    const served = await serveDispatcher(directory(), {
      storage: {
        lake: { type: 's3', endpoint: s3.url, region: 'us-east-1', pathStyle: true, reconcile: 3600, settle: 0.02 },
      },
      environment: {
        SPILLWAY_STORAGE_LAKE_ACCESS_KEY: accessKeyId,
        SPILLWAY_STORAGE_LAKE_SECRET_KEY: secretAccessKey,
        SPILLWAY_STORAGE_LAKE_SESSION_TOKEN: sessionToken,
      },
    })
    await deploy(served, 'lake://in/')
    await served.dispatcher.reconcileNow()
    const source = {
      url: served.url,
      hide: async (keys: readonly string[]) => keys.forEach((key) => s3.put(`in/${key}`, 'content')),
      find: () => served.dispatcher.reconcileNow(),
      close: async () => {
        await served.stop()
        await s3.stop()
      },
    }
    return { s3, served, source }
  }

  async function openWebhook(): Promise<EventSource> {
    const { s3, served, source } = await openStore()
    const told: string[] = []
    /** As senders do: again until it is taken. */
    const send = async (body: string) => {
      const post = () => fetch(`${served.url}/v1/events?storage=lake`, { method: 'POST', body })
      await eventually(async () => (await post()).ok)
    }
    const sendAll = (bodies: readonly string[]) => inTurn(bodies, SENDERS, send)
    return {
      ...source,
      create: async (keys, content = 'content') => {
        keys.forEach((key) => s3.put(`in/${key}`, content))
        const notices = keys.map((key) => JSON.stringify(objectNotice('in', key)))
        told.push(...notices)
        await sendAll(notices)
      },
      repeat: () => sendAll(told.toReversed().flatMap((notice) => [notice, notice])),
      garble: () => send('{'),
    }
  }

  async function openQueue(): Promise<EventSource> {
    const { s3, served, source } = await openStore()
    const { intake } = served.dispatcher
    const queue = new SmallQueue()
    const told: string[] = []
    const storageOf = placeEvent(served.dispatcher.config.storage, 'lake')
    const poller = new QueuePoller({
      queue,
      parse: (body) => parse(body, { storageOf }),
      report: (events) => intake.report(events),
      quarantine: (body, from, problem) => intake.quarantine(body, from, problem),
      log: () => undefined,
    })
    return {
      ...source,
      create: async (keys, content = 'content') => {
        keys.forEach((key) => s3.put(`in/${key}`, content))
        const notices = keys.map((key) => JSON.stringify(objectNotice('in', key)))
        told.push(...notices)
        queue.put(...notices)
      },
      repeat: () => {
        queue.put(...told.toReversed().flatMap((notice) => [notice, notice]))
        return queue.empty()
      },
      garble: async () => queue.put('{'),
      close: async () => {
        await poller.close()
        await source.close()
      },
    }
  }

  eventSourceSuite('the watch of a directory', { burst: BURST, open: openDirectory })
  eventSourceSuite('a webhook', { burst: BURST, open: openWebhook })
  eventSourceSuite('a queue', { burst: BURST, open: openQueue })
})
