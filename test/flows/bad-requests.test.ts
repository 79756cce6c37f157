/** Requests that are wrong, and callers who may not: the API answers each with a problem that it knows. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import type { EventsAnswer } from '../../runtime/contract/dispatcher-api.js'
import { ERROR_CODES, type ErrorCode, type ProblemDocument } from '../../runtime/contract/errors.js'
import { dispatchers, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { workerHeaders } from '../support/worker-token.js'

const COPY = '#!/bin/sh\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"\n'
const JSON_TYPE = { 'content-type': 'application/json' }
const ATTEMPT = '01890000-0000-7000-8000-000000000000.1'

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** Over node:http, which sends what it is told to. */
function raw(
  url: string,
  method: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length: Record<string, string> =
      body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const call = request(url, { method, headers: { ...length, ...headers } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode!, headers: response.headers, body }), reject)
    })
    call.once('error', reject)
    call.end(body)
  })
}

function assertProblem({ status, headers, body }: Answer, code?: ErrorCode): ProblemDocument {
  assert.match(String(headers['content-type']), /^application\/problem\+json/, body)
  const problem = JSON.parse(body) as ProblemDocument
  assert.ok(ERROR_CODES.includes(problem.code), problem.code)
  assert.equal(problem.status, status)
  if (code) assert.equal(problem.code, code, body)
  return problem
}

describe('bad requests', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('answers JSON that is none with 400 on every route that takes JSON', async () => {
    const { url } = await start()
    const worker = workerHeaders(directory())
    const routes: [string, string, Record<string, string>][] = [
      ['PUT', '/v1/functions/s-dev-f', {}],
      ['POST', '/v1/decisions', {}],
      ...['heartbeat', 'outputs', 'log', 'release'].map((call): [string, string, Record<string, string>] => [
        'POST',
        `/v1/attempts/${ATTEMPT}/${call}`,
        worker,
      ]),
    ]
    for (const [method, path, headers] of routes)
      for (const body of ['{"a":', 'null', '[]', '"x"', '\xff', '{"__proto__": {"x": 1}}'])
        if (!/heartbeat|release/.test(path) || body === '{"a":')
          assertProblem(await raw(url + path, method, { ...JSON_TYPE, ...headers }, body), 'invalid-request')
    for (const call of ['error', 'response'])
      assertProblem(
        await raw(
          `${url}/2018-06-01/runtime/invocation/${ATTEMPT}/${call}`,
          'POST',
          {
            ...worker,
            'content-type': 'application/vnd.spillway.outcome+json',
          },
          '{"a":',
        ),
        'invalid-request',
      )
  })

  it('sends a body over 6 MB to the input bucket of the function', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', COPY, { input: 'here://in/photos/' })
    const invoke = `${dispatcher.url}/v1/functions/s-dev-f/invocations`
    const problem = assertProblem(await raw(invoke, 'POST', {}, Buffer.alloc(7 * 1024 ** 2)), 'body-too-large')
    assert.match(
      problem.detail,
      /Put the file into here:\/\/in\/photos\/, or upload it: \/v1\/functions\/s-dev-f\/uploads\./,
    )
    assert.equal(problem.status, 413)
    const nobody = await raw(
      `${dispatcher.url}/v1/functions/nobody/invocations`,
      'POST',
      {},
      Buffer.alloc(7 * 1024 ** 2),
    )
    assertProblem(nobody, 'function-not-found')
  })

  it('keeps notifications that cannot be read aside, and refuses those over 1 MB', async () => {
    const dispatcher = await start()
    const events = `${dispatcher.url}/v1/events`
    for (const body of [
      '',
      'garbage',
      '\xff\xfe',
      '[]',
      '{"Records": [{}]}',
      '{"Records": "x"}',
      '['.repeat(100_000),
    ]) {
      const answer = await raw(events, 'POST', {}, Buffer.from(body, 'latin1'))
      assert.equal(answer.status, 200, answer.body)
      const { accepted, quarantined } = JSON.parse(answer.body) as EventsAnswer
      assert.deepEqual([accepted, body === '[]' || typeof quarantined === 'string'], [[], true], body.slice(0, 20))
    }
    assertProblem(await raw(events, 'POST', {}, Buffer.alloc(1024 ** 2 + 1, '[')), 'body-too-large')
  })

  it('answers a path that is none, or none it can read, with a problem', async () => {
    const { url } = await start()
    for (const path of [
      '/v1/nothing',
      '/v1/functions/',
      '/%',
      '/v1/functions/%E0%A4%A',
      `/v1/functions/${'x'.repeat(600)}`,
    ])
      assertProblem(await raw(url + path, 'GET'))
    for (const method of ['PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
      assertProblem(await raw(`${url}/v1/functions`, method), 'route-not-found')
  })

  it('answers what is no HTTP with a problem too', async () => {
    const { url } = await start()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.end('NONSENSE\r\n\r\n')
    const [head, body] = (await text(socket)).split('\r\n\r\n')
    assert.match(head!, /^HTTP\/1\.1 400 [^]*application\/problem\+json/)
    assert.equal((JSON.parse(body!) as ProblemDocument).code, 'invalid-request')
  })

  it('gives pages of the list', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', '#!/bin/sh\n')
    for (const body of ['1', '2', '3']) await dispatcher.invoke('s-dev-f', body)
    const first = await dispatcher.invocations('?limit=2')
    const second = await dispatcher.invocations(`?limit=2&cursor=${first.cursor}`)
    assert.deepEqual([first.invocations.length, second.invocations.length, second.cursor], [2, 1, undefined])
  })
})

describe('callers who may not', function () {
  this.timeout(30_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })

  it('get 401 without a token or with a wrong one, 403 with one of another role', async () => {
    const { url } = await start({
      environment: { SPILLWAY_TOKENS_USER: 'user-1,user-2', SPILLWAY_TOKENS_EVENTS: 'events-1' },
    })
    const worker = workerHeaders(directory())
    const calls: [string, string, Record<string, string>, number, ErrorCode | undefined][] = [
      ['GET', '/v1/functions', {}, 401, 'token-missing'],
      ['GET', '/v1/functions', bearer('wrong'), 401, 'token-invalid'],
      ['GET', '/v1/functions', basic('me:user-1'), 401, 'token-missing'],
      ['GET', '/v1/functions', bearer('events-1'), 403, 'token-forbidden'],
      ['GET', '/v1/functions', worker, 401, 'token-invalid'],
      ['GET', '/v1/functions', bearer('user-2'), 200, undefined],
      ['POST', '/v1/events', bearer('events-1'), 200, undefined],
      ['POST', '/v1/events', bearer('user-1'), 200, undefined],
      ['POST', '/v1/events', basic('ceph:events-1'), 200, undefined],
      ['POST', '/v1/events', basic(':events-1'), 200, undefined],
      ['POST', '/v1/events', basic('ceph:wrong'), 401, 'token-invalid'],
      ['POST', '/v1/events', basic('events-1'), 401, 'token-missing'],
      ['POST', '/v1/events', {}, 401, 'token-missing'],
      ['GET', '/metrics', {}, 401, 'token-missing'],
      ['GET', '/healthz', {}, 200, undefined],
      ['POST', `/v1/attempts/${ATTEMPT}/heartbeat`, bearer('user-1'), 401, 'token-invalid'],
      ['GET', '/2018-06-01/runtime/invocation/next', bearer('user-1'), 401, 'token-invalid'],
      [
        'GET',
        '/2018-06-01/runtime/invocation/next',
        workerHeaders(directory(), { expiresAt: 1 }),
        401,
        'token-invalid',
      ],
    ]
    for (const [method, path, headers, status, code] of calls) {
      const answer = await raw(url + path, method, headers)
      assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(headers)}: ${answer.body}`)
      if (code) assertProblem(answer, code)
    }
  })

  it('are kept out of attempts that another worker holds', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-f', '#!/bin/sh\nsleep 60\n')
    const { id } = await dispatcher.invoke('s-dev-f')
    await eventually(() => running(dispatcher, id))
    for (const call of ['heartbeat', 'release', 'outputs']) {
      const headers = { ...workerHeaders(directory(), { worker: 'another' }), ...JSON_TYPE }
      const answer = await raw(`${dispatcher.url}/v1/attempts/${id}.1/${call}`, 'POST', headers, '{"outputs":[]}')
      assertProblem(answer, 'token-forbidden')
    }
    assert.equal((await dispatcher.invocation(id)).state, 'running')
  })

  it('are web pages of others: without tokens only this machine is served, whatever its name is made to be', async () => {
    const { url } = await start()
    const { host } = new URL(url)
    const strangers: Record<string, string>[] = [
      { host: 'evil.example' },
      { host: `evil.example:${host.split(':')[1]}` },
      { host: '127.0.0.1.evil.example' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://localhost.evil.example' },
    ]
    for (const headers of strangers) {
      assertProblem(await raw(`${url}/v1/functions`, 'GET', headers), 'token-missing')
      assertProblem(await raw(`${url}/v1/functions/f/invocations`, 'POST', headers, 'x'), 'token-missing')
    }
    for (const headers of [{ host }, { host: 'localhost' }, { origin: `http://${host}` }] as Record<string, string>[])
      assert.equal((await raw(`${url}/v1/functions`, 'GET', headers)).status, 200)
  })
})

describe('bad requests: at random', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('are never a fault of the server, always a problem that it knows', async () => {
    const dispatcher = await start({ config: { logLevel: 'error' } })
    await dispatcher.put('s-dev-f', '#!/bin/sh\n', { input: 'here://in/', output: 'here://out/' })
    await dispatcher.put('s-dev-busy', '#!/bin/sh\nsleep 60\n')
    const { id: known } = await dispatcher.invokeAndWait('s-dev-f')
    const { id: busy } = await dispatcher.invoke('s-dev-busy')
    const [attempt] = await eventually(() => running(dispatcher, busy))
    const routes = await describedRoutes(dispatcher)
    assert.ok(routes.length >= 20, `${routes.length} routes`)
    const holder = workerHeaders(directory(), { function: 's-dev-busy', worker: attempt!.worker })
    const another = workerHeaders(directory())
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), calls([known, busy]), async ({ method, path }, call) => {
        const filled = path.replace(/\{[a-z]+\}/g, () => encodeURIComponent(call.parameter))
        const headers = { ...(/\{id\}/.test(path) ? holder : another), ...call.headers }
        const body = method === 'GET' ? undefined : call.body
        const answer = await raw(`${dispatcher.url}${filled}${call.query}`, method, headers, body)
        assert.ok(answer.status < 500, `${method} ${filled}${call.query}: ${answer.body}`)
        if (answer.status >= 400) assertProblem(answer)
      }),
      { numRuns: 600, endOnFailure: true },
    )
    assert.doesNotMatch(dispatcher.log, /"stack"/)
  })
})

async function running(dispatcher: DispatcherProcess, id: string) {
  const { tries } = await dispatcher.invocation(id)
  return tries.length > 0 ? tries : undefined
}

async function describedRoutes(dispatcher: DispatcherProcess): Promise<{ method: string; path: string }[]> {
  const { body } = await dispatcher.call<{ paths: Record<string, object> }>('GET', '/openapi.json')
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  )
}

/** Keys that mean something somewhere. */
const WORDS = [
  'spec files path mode data script input output timeout retries environment function size outputs name lines time',
  'stream text outcome cause message errorMessage errorType toString __proto__ Records s3 bucket object key detail',
].flatMap((line) => line.split(' '))

/** What a caller may get wrong: each part right now and then, so that every depth of the checks is reached. */
function calls(ids: readonly string[]) {
  const odd = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !/\p{Surrogate}/u.test(text))
  const name = fc.oneof(
    fc.constantFrom('s-dev-f', ATTEMPT, ...ids, ...ids.map((id) => `${id}.1`), '..', '%', '__proto__'),
    odd,
  )
  const value = fc.oneof(odd, fc.constantFrom('1', '-1', '1e400', '0', 'true', 'failed', '1ms', 'NaN', ''))
  const key = fc.constantFrom('limit', 'cursor', 'state', 'since', 'function', 'storage', 'x')
  const query = fc
    .array(fc.tuple(key, value), { maxLength: 3 })
    .map((pairs) => (pairs.length ? `?${pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}` : ''))
  const leaf = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.double(),
    fc.constantFrom(null, true, -1, 2 ** 53, 's-dev-f', 'script', 'here://in/', 'failed', 'succeeded', 'script-exit'),
  )
  const word = fc.constantFrom(...WORDS)
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(word, tie('json'), { maxKeys: 5 }),
    ),
  }))
  const body = fc.oneof(
    json.map((document) => Buffer.from(JSON.stringify(document) ?? '')),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  )
  const type = fc.constantFrom('application/json', 'text/plain', 'application/vnd.spillway.outcome+json', 'x', ';;')
  const headers = fc.record(
    { 'content-type': type, 'idempotency-key': fc.constantFrom('k', 'l', 'x'.repeat(300)) },
    { requiredKeys: [] },
  )
  return fc.record({ parameter: name, query, body, headers: headers as fc.Arbitrary<Record<string, string>> })
}
