/** A report whose answer is the worker's next attempt: what is claimed with it, and what is given back when nobody hears of it. */
import assert from 'node:assert/strict'
import type { InvocationRecord } from '../../../runtime/contract/dispatcher-api.js'
import type { WorkerClaims } from '../../../runtime/contract/runtime-api.js'
import { OUTCOME_CONTENT_TYPE, RUNTIME_HEADERS, RUNTIME_PATHS } from '../../../runtime/contract/runtime-api.js'
import { settleAndTakeNext } from '../../../dispatcher/workers/settle-and-take-next.js'
import { readWorkerToken } from '../../../dispatcher/workers/worker-token.js'
import { serveDispatcher, type ServedDispatcher } from '../../support/served-dispatcher.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const TAKES_NEXT = { [RUNTIME_HEADERS.takesNext]: 'true' }
const SUCCEEDED = { outcome: 'succeeded', outputs: [] } as const
const FAILED = { outcome: 'failed', cause: 'script-exit', message: 'it ended with 1' } as const

describe('settling and taking the next attempt in one call', () => {
  const directory = temporaryDirectory()
  let served: ServedDispatcher
  let token: string

  beforeEach(async () => {
    served = await serveDispatcher(directory())
    token = await register({ concurrency: 1, retries: { attempts: 1 } })
  })
  afterEach(() => served.stop())

  const send = (method: string, path: string, { body, headers = {} }: { body?: unknown; headers?: object } = {}) =>
    fetch(served.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const asWorker = { authorization: '' }
  async function register(spec: Record<string, unknown>): Promise<string> {
    await send('PUT', '/v1/functions/f', { body: { spec: { command: ['true'], ...spec } } })
    const release = await served.dispatcher.database.currentRelease('f')
    const admitted = served.admit('w', release!, { sharesDisk: true })
    asWorker.authorization = `Bearer ${admitted}`
    return admitted
  }
  const claims = (): WorkerClaims => readWorkerToken(token, served.dispatcher.config.workerSecret, Date.now())
  const invoke = async (): Promise<string> => {
    const answer = await send('POST', '/v1/functions/f/invocations', { body: {} })
    return ((await answer.json()) as { id: string }).id
  }
  const next = () => send('GET', RUNTIME_PATHS.next, { headers: asWorker })
  const report = (attempt: string, outcome: object = SUCCEEDED, headers: object = TAKES_NEXT) => {
    const failure = 'cause' in outcome
    return send('POST', failure ? RUNTIME_PATHS.error(attempt) : RUNTIME_PATHS.response(attempt), {
      body: failure ? { outcome } : outcome,
      headers: { ...asWorker, 'content-type': OUTCOME_CONTENT_TYPE, ...headers },
    })
  }
  const attemptOf = (answer: Response) => answer.headers.get(RUNTIME_HEADERS.requestId)
  const record = async (id: string): Promise<InvocationRecord> => (await served.dispatcher.database.getInvocation(id))!
  const isUntouched = async (id: string) => {
    const { state, attempts, tries } = await record(id)
    assert.deepEqual({ state, attempts, tries }, { state: 'queued', attempts: 0, tries: [] })
  }

  /** The worker runs the first; the second waits. */
  async function firstRuns(): Promise<{ first: string; second: string }> {
    const ids = { first: await invoke(), second: await invoke() }
    assert.equal(attemptOf(await next()), `${ids.first}.1`)
    return ids
  }

  it('the answer is what next would have answered, in the place that the first one leaves', async () => {
    const { first, second } = await firstRuns()
    const answer = await report(`${first}.1`)
    assert.equal(answer.status, 200)
    assert.equal(attemptOf(answer), `${second}.1`)
    assert.equal(((await answer.json()) as { invocation: string }).invocation, second)
    assert.equal((await record(first)).state, 'succeeded')
    assert.equal((await record(second)).state, 'running')
    assert.equal((await report(`${second}.1`)).status, 202)
  })

  it('a failure too is answered with the next attempt', async () => {
    const { first, second } = await firstRuns()
    assert.equal(attemptOf(await report(`${first}.1`, FAILED)), `${second}.1`)
    assert.equal((await record(first)).state, 'failed')
  })

  it('a runtime client that does not ask for it gets none', async () => {
    const { first, second } = await firstRuns()
    assert.equal((await report(`${first}.1`, SUCCEEDED, {})).status, 202)
    await isUntouched(second)
  })

  it('a worker that is gone before the answer has its next attempt given back, and it does not count', async () => {
    const { first, second } = await firstRuns()
    const settling = { id: `${first}.1`, claims: claims(), outcome: { ...SUCCEEDED, outputs: [] } }
    assert.equal(await settleAndTakeNext(served.dispatcher, settling, AbortSignal.abort()), undefined)
    assert.equal((await record(first)).state, 'succeeded')
    await isUntouched(second)
    const other = served.admit('other', (await served.dispatcher.database.currentRelease('f'))!, { sharesDisk: true })
    const answer = await send('GET', RUNTIME_PATHS.next, { headers: { authorization: `Bearer ${other}` } })
    assert.equal(attemptOf(answer), `${second}.2`)
  })

  it('a worker whose report is fenced gets none: what was claimed for it is given back', async () => {
    token = await register({ retries: { attempts: 1 } })
    const { first, second } = await firstRuns()
    const { database } = served.dispatcher
    const held = (await database.runningAttempt({ invocation: first, attempt: 1 }))!
    const settling = { id: `${first}.1`, claims: claims(), outcome: { ...SUCCEEDED, outputs: [] } }
    // Between the look at the attempt and its end, somebody cancels it.
    await database.cancel(first, Date.now())
    Object.assign(database, { runningAttempt: async () => held })
    await assert.rejects(settleAndTakeNext(served.dispatcher, settling, new AbortController().signal), /not the newest/)
    await isUntouched(second)
  })

  it('a worker that was sent away gets none, and hears of it when it asks', async () => {
    const { first, second } = await firstRuns()
    served.host.dismiss('w', (await served.dispatcher.database.currentRelease('f'))!)
    assert.equal((await report(`${first}.1`)).status, 202)
    await isUntouched(second)
    assert.equal((await next()).status, 410)
  })

  it('a dispatcher that is stopping hands out none', async () => {
    const { first, second } = await firstRuns()
    const drained = served.dispatcher.drain()
    assert.equal((await report(`${first}.1`)).status, 202)
    await drained
    await isUntouched(second)
  })
})
