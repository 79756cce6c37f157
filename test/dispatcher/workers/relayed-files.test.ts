/** Files of the dispatcher's own disk, for workers that do not share it: over HTTP, and nobody else's. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { OutputsAnswer, AttemptDocument } from '../../../runtime/contract/runtime-api.js'
import { OUTCOME_CONTENT_TYPE, RUNTIME_PATHS } from '../../../runtime/contract/runtime-api.js'
import type { Grant } from '../../../runtime/contract/grant.js'
import { eventually } from '../../support/eventually.js'
import { serveDispatcher, type ServedDispatcher } from '../../support/served-dispatcher.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('relayed files', () => {
  const directory = temporaryDirectory()
  let served: ServedDispatcher
  let far: string
  let other: string

  beforeEach(async () => {
    served = await serveDispatcher(directory())
    const spec = { command: ['true'], input: 'here://in/', output: ['here://out/', 'here://more/'] }
    await call('PUT', '/v1/functions/f', {
      body: JSON.stringify({ spec }),
      headers: { 'content-type': 'application/json' },
    })
    const release = await served.dispatcher.database.currentRelease('f')
    far = served.admit('far', release!, { sharesDisk: false })
    other = served.admit('other', release!, { sharesDisk: false })
  })
  afterEach(() => served.stop())

  const call = (
    method: string,
    path: string,
    options: { token?: string; body?: string | Buffer; headers?: Record<string, string> } = {},
  ) => {
    const authorization: Record<string, string> = options.token ? { authorization: `Bearer ${options.token}` } : {}
    const url = path.startsWith('http') ? path : served.url + path
    const body = options.body === undefined ? {} : { body: options.body }
    return fetch(url, { method, headers: { ...authorization, ...options.headers }, ...body })
  }
  const take = async (token: string) => {
    const answer = await call('GET', RUNTIME_PATHS.next, { token })
    const document = (await answer.json()) as AttemptDocument
    return { document, attempt: `${document.invocation}.${document.attempt}` }
  }
  const takeObject = async (token: string, content: string) => {
    writeFileSync(served.path('in', 'a b.txt'), content)
    return take(token)
  }
  const grantsFor = async (attempt: string, token: string, size: number): Promise<Grant[]> => {
    const body = JSON.stringify({ outputs: [{ name: 'r', size }] })
    const headers = { 'content-type': 'application/json' }
    const answer = await call('POST', RUNTIME_PATHS.outputs(attempt), { token, body, headers })
    return ((await answer.json()) as OutputsAnswer).outputs[0]!.grants
  }
  const use = ({ method, url, headers }: Grant, body?: string) =>
    call(method, url, { ...(headers ? { headers } : {}), ...(body === undefined ? {} : { body }) })
  const succeed = (attempt: string, token: string) => {
    const body = JSON.stringify({ outcome: 'succeeded', outputs: ['r'] })
    return call('POST', RUNTIME_PATHS.response(attempt), {
      token,
      body,
      headers: { 'content-type': OUTCOME_CONTENT_TYPE },
    })
  }
  const staged = () => readdirSync(served.path('.spillway', 'staging'), { recursive: true, withFileTypes: true })

  it('carry an input in and results out to every place, without naming a path', async () => {
    const { document, attempt } = await takeObject(far, 'flower')
    const [input] = document.input
    assert.deepEqual([input?.name, input?.size], ['a b.txt', 6])
    assert.equal(await (await use(input!)).text(), 'flower')
    const grants = await grantsFor(attempt, far, 6)
    for (const grant of [input!, ...grants])
      assert.ok(grant.url.startsWith(served.url) && !grant.url.includes(directory()))
    for (const grant of grants) assert.equal((await use(grant, 'result')).status, 204)
    assert.deepEqual(readdirSync(served.path('out')), [])
    assert.equal((await succeed(attempt, far)).status, 202)
    const readAll = () => ['out', 'more'].every((bucket) => existsSync(served.path(bucket, 'r')))
    await eventually(readAll, { what: 'the results' })
    assert.equal(readFileSync(served.path('more', 'r'), 'utf8'), 'result')
  })

  it('are not needed by a worker that shares the disk', async () => {
    const release = await served.dispatcher.database.currentRelease('f')
    const near = served.admit('near', release!, { sharesDisk: true })
    const { document, attempt } = await takeObject(near, 'flower')
    const grants = await grantsFor(attempt, near, 1)
    for (const { url } of [...document.input, ...grants]) assert.match(url, /^file:/)
    assert.equal((await call('PUT', RUNTIME_PATHS.result(attempt, 0), { token: near, body: 'x' })).status, 422)
  })

  it('take an empty result, and one that is sent again', async () => {
    const { attempt } = await takeObject(far, '')
    const [grant] = await grantsFor(attempt, far, 0)
    assert.equal((await use(grant!, 'longer than it should be')).status, 204)
    assert.equal((await use(grant!, '')).status, 204)
    const file = staged().find((entry) => entry.isFile())!
    assert.equal(readFileSync(`${file.parentPath}/${file.name}`, 'utf8'), '')
  })

  it('are only for the worker that holds the attempt', async () => {
    const { document, attempt } = await takeObject(far, 'flower')
    const [grant] = await grantsFor(attempt, far, 1)
    const url = document.input[0]!.url
    assert.equal((await call('GET', url)).status, 401)
    assert.equal((await call('GET', url, { token: `${far.slice(0, -4)}AAAA` })).status, 401)
    assert.equal((await call('GET', url, { token: other })).status, 403)
    assert.equal((await call('PUT', grant!.url, { token: other, body: 'x' })).status, 403)
    assert.equal(staged().filter((entry) => entry.isFile()).length, 0)
  })

  it('lead to no other place: only to numbers that were granted', async () => {
    const { attempt } = await takeObject(far, 'flower')
    await grantsFor(attempt, far, 1)
    const put = async (number: string) =>
      (await call('PUT', RUNTIME_PATHS.result(attempt, number), { token: far, body: 'x' })).status
    assert.deepEqual(await Promise.all(['2', '99999999'].map(put)), [422, 422])
    const odd = ['-1', '1.5', 'x', '..%2f..%2fetc', '%00', '1e3x']
    assert.deepEqual(
      await Promise.all(odd.map(put)),
      odd.map(() => 400),
    )
    assert.equal((await call('PUT', RUNTIME_PATHS.input(attempt), { token: far, body: 'x' })).status, 404)
  })

  it('end with the attempt', async () => {
    const { document, attempt } = await takeObject(far, 'flower')
    const [grant] = await grantsFor(attempt, far, 1)
    await call('POST', RUNTIME_PATHS.release(attempt), { token: far })
    assert.equal((await use(document.input[0]!)).status, 409)
    assert.equal((await use(grant!, 'late')).status, 409)
  })

  it('leave nothing of a transfer that breaks off', async () => {
    const { attempt } = await takeObject(far, 'flower')
    const [grant] = await grantsFor(attempt, far, 1_000_000)
    const broken = request(grant!.url, { method: 'PUT', headers: { ...grant!.headers, 'content-length': 1_000_000 } })
    broken.on('error', () => undefined)
    broken.write(Buffer.alloc(200_000))
    const files = () => staged().filter((entry) => entry.isFile()).length
    await eventually(() => files() === 1, { what: 'the beginning of the transfer' })
    broken.destroy()
    await eventually(() => files() === 0, { what: 'the end of the broken file' })
  })

  it('are for objects; the body of a request has its own way', async () => {
    await call('POST', '/v1/functions/f/invocations', { body: 'x'.repeat(100_000) })
    const { document, attempt } = await take(far)
    assert.equal((await (await use(document.input[0]!)).text()).length, 100_000)
    assert.equal((await call('GET', RUNTIME_PATHS.input(attempt), { token: far })).status, 400)
  })
})
