/** The slice, end to end: a real dispatcher process, real workers, real files. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Accepted, InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { Quarantine } from '../../runtime/contract/quarantined-event.js'
import { dispatchers } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const COPY = '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n'
const files = { input: 'here://in/', output: 'here://out/' }

describe('the slice', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('turns a file that is dropped into a result, and keeps the whole story', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-upper', COPY, files)
    writeFileSync(dispatcher.path('in', 'a b.txt'), 'hello')
    const [summary] = await dispatcher.allEnded(1)
    assert.equal(readFileSync(dispatcher.path('out', 'a b.txt'), 'utf8'), 'HELLO')
    const record = await dispatcher.invocation(summary!.id)
    assert.deepEqual(
      record.moves.map(({ to }) => to),
      ['accepted', 'queued', 'running', 'succeeded'],
    )
    assert.deepEqual(record.outputs, [{ storage: 'here', bucket: 'out', key: 'a b.txt', size: 5 }])
    assert.deepEqual(record.decision.eligible, ['local'])
    assert.equal(record.tries.length, 1)
  })

  it('answers a request with standard output, and runs the same key once', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-rev', '#!/bin/sh\nrev\n')
    const record = await dispatcher.invokeAndWait('s-dev-rev', 'abc')
    assert.equal(record.result?.body.trim(), 'cba')
    const again = (body: string) =>
      dispatcher.call<Accepted>('POST', '/v1/functions/s-dev-rev/invocations', body, { 'idempotency-key': 'k' })
    const first = await again('x')
    const second = await again('x')
    assert.equal(second.body.id, first.body.id)
    assert.equal(second.body.duplicate, true)
    assert.equal((await again('y')).status, 409)
  })

  it('finds a file that arrived while it was down, and runs nothing twice', async () => {
    const first = await start()
    await first.put('s-dev-upper', COPY, files)
    writeFileSync(first.path('in', 'one'), '1')
    await first.allEnded(1)
    await first.stop()
    writeFileSync(first.path('in', 'two'), '2')
    const second = await start()
    const ended = await second.allEnded(2)
    assert.deepEqual(ended.map(({ input }) => (input.kind === 'object' ? input.event.key : '')).sort(), ['one', 'two'])
  })

  it('tries a failing script again, keeps the cause, and puts it into the dead letter; redrive cures it', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-flaky', `#!/bin/sh\necho oops >&2\n[ -e ${directory()}/cured ] || exit 7\n`, {
      retries: { attempts: 2, minDelay: 0 },
    })
    const record = await dispatcher.invokeAndWait('s-dev-flaky')
    assert.equal(record.state, 'failed')
    assert.equal(record.cause, 'script-exit')
    assert.equal(record.tries.length, 2)
    assert.deepEqual(
      record.tries.map(({ exitCode }) => exitCode),
      [7, 7],
    )
    const log = await dispatcher.call<string>('GET', `/v1/invocations/${record.id}/log`)
    assert.equal(log.body.split('oops').length, 3)
    writeFileSync(`${directory()}/cured`, '')
    assert.equal((await dispatcher.call('POST', `/v1/invocations/${record.id}/redrive`)).status, 200)
    const cured = await dispatcher.invocation(record.id, '?wait=20s')
    assert.equal(cured.state, 'succeeded')
    assert.equal(cured.tries.length, 3)
    assert.equal((await dispatcher.call('POST', `/v1/invocations/${record.id}/redrive`)).status, 409)
  })

  it('cancels what runs: the script is gone, nothing is published, nothing is tried again', async () => {
    const dispatcher = await start({ config: { ...quick(directory()), heartbeat: 0.2, lease: 2 } })
    await dispatcher.put(
      's-dev-slow',
      `#!/bin/sh\necho $$ > ${directory()}/pid\necho x > $TMP_OUTPUT_DIR/x\nsleep 60\n`,
      { output: 'here://out/' },
    )
    const { id } = await dispatcher.invoke('s-dev-slow')
    const pid = Number(
      await eventually(() => existsSync(`${directory()}/pid`) && readFileSync(`${directory()}/pid`, 'utf8').trim()),
    )
    assert.equal((await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)).status, 200)
    assert.equal((await dispatcher.invocation(id)).state, 'cancelled')
    await eventually(() => !alive(pid), { what: 'the end of the script' })
    assert.ok(!existsSync(dispatcher.path('out', 'x')))
    assert.equal((await dispatcher.call('POST', `/v1/invocations/${id}/cancel`)).status, 409)
  })

  it('keeps the order of arrival and the concurrency of a function', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-seq', `#!/bin/sh\ncat >> ${directory()}/order; echo >> ${directory()}/order\n`, {
      concurrency: 1,
    })
    for (const body of ['1', '2', '3', '4', '5', '6']) await dispatcher.invoke('s-dev-seq', body)
    await dispatcher.allEnded(6)
    assert.equal(readFileSync(`${directory()}/order`, 'utf8').split('\n').join(''), '123456')
  })

  it('runs an invocation under the release it was accepted under', async () => {
    const dispatcher = await start()
    const script = (text: string) => `#!/bin/sh\nwhile [ ! -e ${directory()}/go ]; do sleep 0.02; done\necho ${text}\n`
    await dispatcher.put('s-dev-f', script('old'), { concurrency: 1 })
    const ids = [await dispatcher.invoke('s-dev-f'), await dispatcher.invoke('s-dev-f')].map(({ id }) => id)
    assert.equal((await dispatcher.put('s-dev-f', script('new'), { concurrency: 1 })).release, 2)
    const { id: newest } = await dispatcher.invoke('s-dev-f')
    writeFileSync(`${directory()}/go`, '')
    const bodies = await Promise.all(
      [...ids, newest].map(async (id) => (await dispatcher.invocation(id, '?wait=20s')).result?.body.trim()),
    )
    assert.deepEqual(bodies, ['old', 'old', 'new'])
  })

  it('fails at once, with the reason, when the input is gone', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-upper', COPY, files)
    const event = {
      Records: [
        {
          eventName: 'ObjectCreated:Put',
          eventTime: '2026-01-31T12:00:00Z',
          eventSource: 'aws:s3',
          s3: { bucket: { name: 'in' }, object: { key: 'ghost', size: 1 } },
        },
      ],
    }
    const { body } = await dispatcher.json<{ accepted: string[] }>('POST', '/v1/events', event)
    assert.equal(body.accepted.length, 1, JSON.stringify(body))
    const record = await dispatcher.invocation(body.accepted[0]!, '?wait=20s')
    assert.equal(record.state, 'failed')
    assert.equal(record.cause, 'input-missing')
    assert.match(record.message ?? '', /ghost/)
  })

  it('keeps a notification that cannot be read aside, and answers it so that its sender goes on', async () => {
    const dispatcher = await start()
    const { status, body } = await dispatcher.call<{ quarantined: string }>('POST', '/v1/events', '{"nonsense": true}')
    assert.equal(status, 200)
    assert.match(body.quarantined, /no known format/)
    const { body: kept } = await dispatcher.call<Quarantine>('GET', '/v1/quarantine')
    assert.deepEqual(
      kept.events.map(({ source, problem }) => [source, problem]),
      [['127.0.0.1', body.quarantined]],
    )
    assert.deepEqual([kept.eventsMax, kept.daysMax], [10_000, 30])
    const path = `/v1/quarantine/${kept.events[0]!.number}`
    assert.equal((await dispatcher.call('GET', path)).body, '{"nonsense": true}')
    const statuses = []
    for (const method of ['DELETE', 'DELETE', 'GET']) statuses.push((await dispatcher.call(method, path)).status)
    assert.deepEqual(statuses, [204, 404, 404])
  })

  it('holds a log open until the invocation has ended', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-talk', '#!/bin/sh\nfor i in 1 2 3; do echo line $i; sleep 0.2; done\n')
    const { id } = await dispatcher.invoke('s-dev-talk')
    const { body } = await dispatcher.call<string>('GET', `/v1/invocations/${id}/log?follow=true`)
    const lines = body
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text)
    assert.deepEqual(lines, ['line 1', 'line 2', 'line 3'])
  })

  it('gives running work back when it is stopped, and finishes it after the restart', async () => {
    const first = await start({ config: { ...quick(directory()), drain: 0.1 } })
    await first.put('s-dev-wait', `#!/bin/sh\n[ -e ${directory()}/go ] || sleep 60\necho done\n`)
    const { id } = await first.invoke('s-dev-wait')
    await eventually(async () => (await first.invocation(id)).state === 'running')
    assert.equal(await first.stop(), 0)
    writeFileSync(`${directory()}/go`, '')
    const second = await start()
    const record: InvocationRecord = await second.invocation(id, '?wait=20s')
    assert.equal(record.state, 'succeeded')
    assert.deepEqual(
      record.tries.map(({ cause }) => cause),
      ['evicted', undefined],
    )
  })

  it('fails at once what fits nowhere, and says so with both numbers', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-small', COPY, { ...files, ephemeralStorageSize: 1 })
    writeFileSync(dispatcher.path('in', 'big'), Buffer.alloc(2_000_000))
    const [summary] = await dispatcher.allEnded(1)
    assert.equal(summary!.cause, 'input-too-large')
    assert.equal(summary!.attempts, 0)
    assert.match(summary!.message ?? '', /input of 2 MB is over ephemeralStorageSize 1 MB/)
    await assert.rejects(dispatcher.put('s-dev-huge', COPY, { memorySize: '900Gi' }), /memorySize 921,600 MB is over/)
  })

  it('says why a back-end cannot take work, in a dry run', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', COPY, files)
    const { body } = await dispatcher.json<{ reasons: { text: string }[] }>('POST', '/v1/decisions', {
      function: 's-dev-f',
      size: 2e9,
    })
    assert.ok(body.reasons.some(({ text }) => text === 'local: input of 2 GB is over ephemeralStorageSize 512 MB'))
  })
})

function quick(directory: string) {
  mkdirSync(`${directory}/data`, { recursive: true })
  return { storage: { here: { type: 'directory', path: `${directory}/data`, settle: 0.05 } } }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
