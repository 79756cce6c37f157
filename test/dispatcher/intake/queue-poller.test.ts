/** Against a queue of this process. */
import assert from 'node:assert/strict'
import { placeEvent } from '../../../dispatcher/intake/place-event.js'
import { QueuePoller } from '../../../dispatcher/intake/queue-poller.js'
import type { ObjectEvent } from '../../../runtime/contract/object-event.js'
import { parse } from '../../../runtime/events/parse.js'
import { eventually } from '../../support/eventually.js'
import { SmallQueue } from '../../support/small-queue.js'

const created = (key: string) =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventTime: '2026-01-01T00:00:00Z',
        eventName: 'ObjectCreated:Put',
        s3: { bucket: { name: 'in' }, object: { key, size: 1, eTag: key, sequencer: '1' } },
      },
    ],
  })

describe('the poller of a queue', () => {
  let queue: SmallQueue
  let poller: QueuePoller
  let recorded: ObjectEvent[]
  let setAside: string[]
  let said: string[]
  let isDown: boolean

  beforeEach(() => {
    queue = new SmallQueue()
    ;[recorded, setAside, said] = [[], [], []]
    isDown = false
  })
  afterEach(() => poller.close())

  const start = () => {
    poller = new QueuePoller({
      queue,
      parse: (body) => parse(body, { storageOf: placeEvent({ lake: { type: 's3' } }, 'lake') }),
      report: (events) => {
        if (isDown) return Promise.reject(new Error('the disk is full'))
        recorded.push(...events)
        return Promise.resolve()
      },
      quarantine: (_body, source, problem) => {
        setAside.push(`${source}: ${problem}`)
        return Promise.resolve()
      },
      log: (_level, message) => void said.push(message),
      firstPauseMs: 5,
    })
  }

  it('puts events on record, then removes their messages; S3’s test message too', async () => {
    queue.put(created('a'), created('b c'), JSON.stringify({ Event: 's3:TestEvent' }))
    start()
    await eventually(() => queue.messages.length === 0)
    assert.deepEqual(
      recorded.map(({ storage, bucket, key }) => `${storage}://${bucket}/${key}`),
      ['lake://in/a', 'lake://in/b c'],
    )
    assert.deepEqual(setAside, [])
  })

  it('leaves messages in the queue while nothing can be recorded', async () => {
    isDown = true
    queue.put(created('a'))
    start()
    await eventually(() => said.some((line) => /queue small is tried again in .* ms: the disk is full/.test(line)))
    assert.equal(queue.messages.length, 1)
    isDown = false
    await eventually(() => queue.messages.length === 0)
    assert.equal(recorded.length, 1)
  })

  it('sets aside what cannot be read, beside what can', async () => {
    queue.put('{', created('a'), '{"Records":[{"eventName":"ObjectCreated:Put"}]}')
    start()
    await eventually(() => queue.messages.length === 0)
    assert.equal(recorded.length, 1)
    assert.equal(setAside.length, 2)
    assert.match(setAside[0]!, /^small: the notification is not JSON/)
  })

  it('takes a burst, and gets over faults of the queue', async () => {
    queue.faults = 3
    for (let index = 0; index < 500; index++) queue.put(created(`k${index}`))
    start()
    await eventually(() => queue.messages.length === 0)
    assert.equal(new Set(recorded.map(({ key }) => key)).size, 500)
    assert.equal(said.length, 3)
  })

  it('stops at once, in the middle of a wait, and closes its queue', async () => {
    start()
    await poller.close()
    assert.ok(queue.closed)
    assert.deepEqual(said, [])
  })
})
