/** A function on Lambda with a dispatcher: input and results pass through the staging bucket. */
import assert from 'node:assert/strict'
import { STAGED, type StartedDocument } from '../../../../runtime/contract/lambda-call.js'
import { attemptCall, StagedAttempt } from '../../../support/lambda/attempt-call.js'
import { eventually } from '../../../support/eventually.js'
import { FUNCTION, SmallLambda, STAGING_BUCKET } from '../../../support/lambda/small-lambda.js'
import { fault } from '../../../support/s3/answers.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('supervisor on Lambda, with a dispatcher', () => {
  const directory = temporaryDirectory()
  let lambda: SmallLambda

  beforeEach(async () => (lambda = await SmallLambda.start(directory())))
  afterEach(() => lambda.stop())

  const run = async (script: string, more: Parameters<typeof attemptCall>[0] = {}) => {
    await lambda.install({ script })
    const call = attemptCall(more)
    const staged = new StagedAttempt(lambda.s3, STAGING_BUCKET, FUNCTION, call)
    return { call, staged, invoked: lambda.invoke(call) }
  }

  it('leaves results, log and, last of all, the outcome in the staging bucket, and publishes nothing', async () => {
    lambda.s3.put('plants-staging/in', 'staged content')
    const input = { kind: 's3', bucket: 'plants-staging', key: 'in', size: 14, name: 'a.txt' } as const
    const script =
      'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"; echo out; echo err >&2; echo "$SPILLWAY_RELEASE $SPILLWAY_ATTEMPT"'
    const { staged, invoked, call } = await run(script, { input, attempt: 2 })
    const { functionError, payload } = await invoked
    assert.equal(functionError, undefined)
    const document = staged.outcome!
    assert.deepEqual(payload, { execution: document.execution })
    assert.deepEqual([document.outcome.outcome, document.sizes], ['succeeded', [14]])
    assert.deepEqual(staged.results, { 'a.txt': 'staged content' })
    assert.deepEqual(staged.log.map(({ stream, text }) => `${stream} ${text}`).sort(), [
      'stderr err',
      'stdout 3 2',
      'stdout out',
    ])
    const written = lambda.s3.requests.filter(({ method }) => method === 'PUT').map(({ key }) => key)
    assert.ok(written.at(-1)?.endsWith(`${call.invocation}/2/outcome.json`))
    assert.deepEqual(lambda.s3.below('plants/'), [])
    assert.ok(document.endedAt >= document.startedAt && (document.initMs ?? 0) > 0)
  })

  it('marks the start, and says where AWS keeps the log', async () => {
    const { staged, invoked } = await run('true')
    await invoked
    const started = JSON.parse(lambda.s3.text(staged.place + STAGED.started)!) as StartedDocument
    assert.equal(started.execution, staged.outcome?.execution)
    assert.equal(started.logGroup, `/aws/lambda/${FUNCTION}`)
    assert.match(started.logStream, /LATEST/)
  })

  it('takes a small input with the event, and does without one', async () => {
    const data = Buffer.from('hello').toString('base64')
    const { staged, invoked } = await run('cat', { input: { kind: 'inline', name: 'body', data } })
    await invoked
    assert.equal(staged.outcome?.outcome.result?.body, 'hello')
    const none = await run('wc -c; echo "${INPUT_FILE_PATH-none}"')
    await none.invoked
    assert.equal(none.staged.outcome?.outcome.result?.body, '0\nnone\n')
  })

  it('records a failure, and is an error of the function', async () => {
    const { staged, invoked } = await run('echo half > "$TMP_OUTPUT_DIR/a"; exit 9')
    const { payload } = await invoked
    assert.equal((payload as { errorType: string }).errorType, 'Spillway.script-exit')
    const { outcome } = staged.outcome!
    assert.deepEqual([outcome.outcome, outcome.exitCode], ['failed', 9])
  })

  it('ends at the timeout of the release, which may be shorter than that of Lambda', async () => {
    const { staged, invoked } = await run('sleep 60', { timeout: 0.3 })
    await invoked
    const { outcome } = staged.outcome!
    assert.equal(outcome.outcome === 'failed' && outcome.cause, 'timeout')
  })

  it('stops when somebody cancels it', async () => {
    const { staged, invoked } = await run('sleep 60', { heartbeatSeconds: 0.1 })
    await eventually(() => lambda.s3.text(staged.place + STAGED.started))
    lambda.s3.put(staged.place + STAGED.cancel, '')
    await invoked
    const { outcome } = staged.outcome!
    assert.equal(outcome.outcome === 'failed' && outcome.cause, 'cancelled')
  })

  it('is harmless when it is delivered twice: the first outcome stays, with its results', async () => {
    const { staged, invoked, call } = await run('date +%s%N > "$TMP_OUTPUT_DIR/time"')
    await Promise.all([invoked, lambda.invoke(call)])
    const before = [staged.outcome?.execution, staged.results.time]
    await lambda.invoke(call)
    assert.equal(lambda.endpoint.executions.length, 3)
    assert.deepEqual([staged.outcome?.execution, staged.results.time], before)
  })

  it('says so when nothing can be written to the staging bucket', async () => {
    lambda.s3.rule = ({ method }) => (method === 'PUT' ? fault(403, 'AccessDenied') : undefined)
    const { invoked } = await run('true')
    const { payload } = await invoked
    assert.match((payload as { errorMessage: string }).errorMessage, /outcome could not be written .* 403 AccessDenied/)
  })
})
