/** Images with a runtime client of their own, on Lambda. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { attemptCall, StagedAttempt } from '../../../support/lambda/attempt-call.js'
import { FUNCTION, SmallLambda, STAGING_BUCKET } from '../../../support/lambda/small-lambda.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const command = [process.execPath, resolve(__dirname, '../../../support/programs/runtime-client.cjs')]
const FILE = { run: { kind: 'command', command, runtimeClient: true } as const }

describe('supervisor on Lambda: a runtime client', () => {
  const directory = temporaryDirectory()
  let lambda: SmallLambda

  beforeEach(async () => (lambda = await SmallLambda.start(directory())))
  afterEach(() => lambda.stop())

  it('gets events as they are and answers as it would alone, with all that Lambda gives it', async () => {
    await lambda.install({ file: FILE, function: { environment: { COLOUR: 'green' } } })
    const event = { do: 'echo', Records: [{ s3: {} }] }
    const { payload } = await lambda.invoke(event)
    assert.deepEqual((payload as { event: unknown }).event, event)
    const environment = (await lambda.invoke({ do: 'environment' })).payload as Record<string, string>
    assert.deepEqual([environment.COLOUR, environment.AWS_ACCESS_KEY_ID], ['green', 'ASIATEST'])
    const headers = (await lambda.invoke({ do: 'headers' })).payload as Record<string, string>
    assert.match(headers['lambda-runtime-trace-id']!, /^Root=/)
    assert.match(headers['lambda-runtime-invoked-function-arn']!, new RegExp(`${FUNCTION}$`))
    assert.equal(lambda.endpoint.executions.filter(({ initMs }) => initMs !== undefined).length, 1)
  })

  it('fails as it would alone', async () => {
    await lambda.install({ file: FILE })
    const { payload, functionError } = await lambda.invoke({ do: 'fail' })
    assert.equal(functionError, 'Unhandled')
    assert.deepEqual(payload, { errorType: 'FlowerError', errorMessage: 'no such flower' })
    assert.match(JSON.stringify((await lambda.invoke({ do: 'crash' })).payload), /Runtime.ExitError.*exit code 5/)
    assert.equal(((await lambda.invoke({ do: 'echo' })).payload as { events: number }).events, 1)
  })

  it('that cannot start is an error of the start', async () => {
    await lambda.install({ file: FILE, function: { environment: { REFUSE_TO_START: '1' } } })
    assert.match(
      JSON.stringify((await lambda.invoke({ do: 'echo' })).payload),
      /could not start: Runtime.ImportModuleError/,
    )
  })

  it('works for a dispatcher too: its answer is the result, what it leaves is published', async () => {
    await lambda.install({ file: FILE })
    const data = Buffer.from('content').toString('base64')
    const call = attemptCall({ event: { do: 'copy' }, input: { kind: 'inline', name: 'a.txt', data } })
    await lambda.invoke(call)
    const staged = new StagedAttempt(lambda.s3, STAGING_BUCKET, FUNCTION, call)
    assert.deepEqual(staged.results, { 'a.txt': 'content' })
    assert.equal(staged.outcome?.outcome.result?.body, '["a.txt"]')
  })
})
