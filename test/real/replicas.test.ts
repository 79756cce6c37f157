/** Two dispatchers on one PostgreSQL, as their callers and workers see them: whatever was said to one, the other knows. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { Release } from '../../runtime/contract/release.js'
import {
  OUTCOME_CONTENT_TYPE,
  RUNTIME_HEADERS,
  RUNTIME_PATHS,
  type OutputsAnswer,
} from '../../runtime/contract/runtime-api.js'
import { eventually } from '../support/eventually.js'
import { serveDispatcher, type ServedDispatcher } from '../support/served-dispatcher.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { putGrant } from '../support/use-grant.js'
import { postgresServer } from './programs/postgres.js'

/** Milliseconds in which words of one dispatcher are with another: far below the second after which it looks by itself. */
const AT_ONCE_MS = 700

const SECRET = 'the same for both'

describe('two dispatchers on one PostgreSQL', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const server = postgresServer({ settings: { fsync: 'off' } })
  let one: ServedDispatcher
  let other: ServedDispatcher
  let number = 0

  beforeEach(async () => {
    const environment = {
      SPILLWAY_DATABASE: await server().createDatabase(`two${++number}`),
      SPILLWAY_WORKER_SECRET: SECRET,
    }
    const serve = (name: string) =>
      serveDispatcher(join(directory(), name), {
        data: join(directory(), 'data'),
        environment,
        team: 'one',
        follow: () => undefined,
        workerFile: async () => ({}) as never,
      })
    one = await serve('one')
    other = await serve('other')
    const before = await beats()
    await eventually(async () => (await beats()).every((beat, index) => beat > before[index]! + 1))
  })
  afterEach(async () => {
    await one?.stop()
    await other?.stop()
  })

  const members = () =>
    server().query<{ beat: string; note: string }>(
      `two${number}`,
      'SELECT beat, note FROM spillway.dispatchers ORDER BY number',
    )
  /** Each dispatcher looks at the others with every beat. */
  const beats = async () => (await members()).map(({ beat }) => Number(beat))
  /** It waits for work, and the others have been told. */
  const isIdle = (worker: string) =>
    eventually(async () => (await members()).some(({ note }) => note.includes(`"${worker}"`)))
  const call = async (
    at: ServedDispatcher,
    path: string,
    { method = 'GET', body, headers }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const isText = typeof body === 'string'
    const type: Record<string, string> = isText || body === undefined ? {} : { 'content-type': 'application/json' }
    return fetch(at.url + path, {
      method,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    })
  }
  const put = async (at: ServedDispatcher, spec: object = {}): Promise<Release> => {
    const files = [{ path: 'run.sh', mode: 0o755, data: '' }]
    const answer = await call(at, '/v1/functions/f', {
      method: 'PUT',
      body: { spec: { script: 'run.sh', ...spec }, files },
    })
    assert.ok(answer.ok, await answer.clone().text())
    return (await at.dispatcher.database.currentRelease('f'))!
  }
  const invoke = async (at: ServedDispatcher): Promise<string> => {
    const answer = await call(at, '/v1/functions/f/invocations', { method: 'POST', body: 'x' })
    assert.equal(answer.status, 202, await answer.clone().text())
    return ((await answer.json()) as { id: string }).id
  }
  const asWorker = (token: string) => ({ authorization: `Bearer ${token}` })
  const next = (at: ServedDispatcher, token: string) => call(at, RUNTIME_PATHS.next, { headers: asWorker(token) })

  it('know at once which functions there are', async () => {
    await put(one)
    await invoke(other)
    await call(other, '/v1/functions/f', { method: 'DELETE' })
    await eventually(async () => (await call(one, '/v1/functions/f')).status === 404, { timeoutMs: AT_ONCE_MS })
    assert.equal((await call(one, '/v1/functions/f/invocations', { method: 'POST', body: 'x' })).status, 404)
  })

  it('keep no sender of events to one of them', async () => {
    const connection = async () =>
      (await call(one, '/v1/events', { method: 'POST', body: '{}' })).headers.get('connection')
    assert.equal(await connection(), 'close')
    await other.stop()
    await eventually(async () => (await connection()) === 'keep-alive')
  })

  it('wake a worker that waits at one when work comes to the other', async () => {
    const release = await put(one)
    const token = one.admit('w', release, { sharesDisk: true })
    const waiting = next(one, token)
    await isIdle('w')
    const id = await invoke(other)
    const since = Date.now()
    const attempt = (await waiting).headers.get(RUNTIME_HEADERS.requestId)
    assert.equal(attempt, `${id}.1`)
    assert.ok(Date.now() - since < AT_ONCE_MS, `${Date.now() - since} ms`)
  })

  it('let an attempt go from one to the other with every call: grants, log, results, and who waits for its end', async () => {
    const release = await put(one, { output: 'here://out/' })
    const id = await invoke(one)
    const token = one.admit('w', release, { sharesDisk: true })
    const attempt = (await next(other, token)).headers.get(RUNTIME_HEADERS.requestId)!
    const headers = asWorker(token)
    const ended = call(other, `/v1/invocations/${id}?wait=20s`)
    const following = call(other, `/v1/invocations/${id}/log?follow=true`)
    const outputs = await call(one, RUNTIME_PATHS.outputs(attempt), {
      method: 'POST',
      headers,
      body: { outputs: [{ name: 'a.txt', size: 5 }] },
    })
    const answer = (await outputs.json()) as OutputsAnswer
    await putGrant(answer.outputs[0]!.grants[0]!, Buffer.from('hello'))
    for (const [at, text] of [
      [one, 'first'],
      [other, 'second'],
      [one, 'third'],
    ] as const)
      await call(at, RUNTIME_PATHS.log(attempt), {
        method: 'POST',
        headers,
        body: { lines: [{ time: Date.now(), stream: 'stdout', text }] },
      })
    assert.equal((await call(one, RUNTIME_PATHS.heartbeat(attempt), { method: 'POST', headers, body: {} })).status, 200)
    const report = { outcome: 'succeeded', outputs: ['a.txt'], exitCode: 0 }
    const told = {
      method: 'POST',
      headers: { ...headers, 'content-type': OUTCOME_CONTENT_TYPE },
      body: JSON.stringify(report),
    }
    assert.equal((await call(other, RUNTIME_PATHS.response(attempt), told)).status, 202)
    const record = (await (await ended).json()) as InvocationRecord
    assert.deepEqual([record.state, record.outputs.map(({ key }) => key)], ['succeeded', ['a.txt']])
    assert.equal(readFileSync(other.path('out', 'a.txt'), 'utf8'), 'hello')
    const texts = (log: string) =>
      log
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { text: string }).text)
    assert.deepEqual(texts(await (await following).text()), ['first', 'second', 'third'])
    for (const at of [one, other])
      assert.deepEqual(texts(await (await call(at, `/v1/invocations/${id}/log`)).text()), ['first', 'second', 'third'])
  })

  it('let a start token be spent once, whoever is asked', async () => {
    const release = await put(one)
    const token = one.host.admitStarting('w', release, { sharesDisk: false })
    const start = (at: ServedDispatcher, nonce: string) =>
      call(at, RUNTIME_PATHS.start, { method: 'POST', headers: asWorker(token), body: { nonce } })
    const nonce = randomUUID()
    assert.deepEqual(
      [(await start(other, nonce)).status, (await start(one, nonce)).status, (await start(one, randomUUID())).status],
      [200, 200, 401],
    )
  })

  it('send a worker away that waits at the other, and that comes again', async () => {
    const release = await put(one)
    const token = one.admit('w', release, { sharesDisk: false })
    const waiting = next(other, token)
    await isIdle('w')
    const since = Date.now()
    one.host.dismiss('w', release)
    assert.equal((await waiting).status, 410)
    assert.ok(Date.now() - since < AT_ONCE_MS, `${Date.now() - since} ms`)
    assert.deepEqual([(await next(one, token)).status, (await next(other, token)).status], [410, 410])
  })

  it('hear of a cancellation: the worker is told at its next beat, wherever it asks', async () => {
    const release = await put(one)
    const id = await invoke(one)
    const token = one.admit('w', release, { sharesDisk: true })
    const attempt = (await next(one, token)).headers.get(RUNTIME_HEADERS.requestId)!
    assert.equal((await call(other, `/v1/invocations/${id}/cancel`, { method: 'POST' })).status, 200)
    const beat = await call(one, RUNTIME_PATHS.heartbeat(attempt), {
      method: 'POST',
      headers: asWorker(token),
      body: {},
    })
    assert.equal(((await beat.json()) as { cancel: boolean }).cancel, true)
  })
})
