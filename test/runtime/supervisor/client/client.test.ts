/** Images with a runtime client of their own, as workers of a dispatcher. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import type { Outcome } from '../../../../runtime/contract/outcome.js'
import type { AttemptDocument, WorkerFile } from '../../../../runtime/contract/runtime-api.js'
import { eventually } from '../../../support/eventually.js'
import { isRunning } from '../../../support/is-running.js'
import { bench, failedWith, succeeded } from '../bench.js'

const command = [process.execPath, resolve(__dirname, '../../../support/programs/runtime-client.cjs')]
const CLIENT: Partial<WorkerFile> = { run: { kind: 'command', command, runtimeClient: true } }

describe('supervisor: a runtime client', () => {
  const on = bench()
  const startClient = (more: Partial<WorkerFile> = {}) => on().start('', { ...CLIENT, ...more })
  const hand = (event: object, document: Partial<AttemptDocument> = {}) =>
    on().outcomeOf(on().hand({ event, wantsResult: true, ...document }))
  const answerOf = (outcome: Outcome) => JSON.parse(succeeded(outcome).result?.body ?? '') as Record<string, unknown>

  it('is started once and handed the events as they are, one after the other', async () => {
    await startClient()
    const [one, two] = [answerOf(await hand({ do: 'echo', colour: 'red' })), answerOf(await hand({ do: 'echo' }))]
    assert.deepEqual([one.event, one.events, two.events], [{ do: 'echo', colour: 'red' }, 1, 2])
    assert.equal(one.pid, two.pid)
  })

  it('gets the headers of Lambda, and its variables, but no token', async () => {
    const { api } = on()
    await startClient({ environment: { COLOUR: 'green' } })
    const headers = answerOf(await hand({ do: 'headers' }))
    assert.match(String(headers['lambda-runtime-aws-request-id']), /\.1$/)
    const environment = answerOf(await hand({ do: 'environment' }))
    assert.deepEqual(
      [environment.COLOUR, environment.AWS_LAMBDA_FUNCTION_NAME, environment.SPILLWAY_BACKEND],
      ['green', 'plants-dev-classify', 'local'],
    )
    assert.deepEqual([environment._HANDLER, environment.LAMBDA_TASK_ROOT], [command.at(-1), '/var/task'])
    assert.ok(Number(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) >= 128)
    assert.notEqual(environment.AWS_LAMBDA_RUNTIME_API, api.address)
    assert.ok(!JSON.stringify(environment).includes('token-of-the-worker'))
  })

  it('finds its input where its variables say, and what it leaves there is published', async () => {
    const { fileInput, announced } = { ...on(), announced: on().api.announced }
    await startClient()
    for (const name of ['a.txt', 'b.txt']) {
      const outcome = await hand({ do: 'copy' }, { input: [fileInput(name, name)], objectKey: `in/${name}` })
      assert.deepEqual(succeeded(outcome).outputs, [name])
      assert.deepEqual(answerOf(outcome), [name])
    }
    assert.deepEqual(
      announced.map(({ name }) => name),
      ['a.txt', 'b.txt'],
    )
  })

  it('prints into the log of the attempt that it works on', async () => {
    const { api } = on()
    await startClient()
    await hand({ do: 'echo' })
    await hand({ do: 'print' })
    assert.equal(api.logText('stdout'), 'printed for 1')
  })

  it('answers nothing for an object', async () => {
    await startClient()
    assert.equal(succeeded(await hand({ do: 'echo' }, { wantsResult: false })).result, undefined)
  })

  it('reports errors in its own words, and goes on', async () => {
    await startClient()
    const failure = failedWith(await hand({ do: 'fail' }))
    assert.deepEqual([failure.cause, failure.message], ['script-exit', 'FlowerError: no such flower'])
    assert.match(failedWith(await hand({ do: 'big' })).message, /ResponseSizeTooLarge/)
    assert.equal(answerOf(await hand({ do: 'echo' })).events, 1)
  })

  it('is started anew when it ended without an answer, and when it ended between two events', async () => {
    await startClient()
    const failure = failedWith(await hand({ do: 'crash' }))
    assert.deepEqual([failure.cause, failure.exitCode], ['script-exit', 5])
    assert.match(failure.message, /the runtime client ended with exit code 5 before it answered/)
    succeeded(await hand({ do: 'echo', thenExit: true }))
    assert.equal(answerOf(await hand({ do: 'echo' })).events, 1)
  })

  it('is stopped when the time is up, and the next event finds a new one', async () => {
    await startClient()
    const { pid } = answerOf(await hand({ do: 'echo' }))
    const limits = { deadlineMs: Date.now() + 300, ephemeralStorageSize: 512 }
    assert.equal(failedWith(await hand({ do: 'hang' }, { limits })).cause, 'timeout')
    assert.equal(isRunning(Number(pid)), false)
    assert.equal(answerOf(await hand({ do: 'echo' })).events, 1)
  })

  it('says why it cannot start', async () => {
    await startClient({ environment: { REFUSE_TO_START: '1' } })
    const failure = failedWith(await hand({ do: 'echo' }))
    assert.equal(
      failure.message,
      "the runtime client could not start: Runtime.ImportModuleError: No module named 'app'",
    )
    await startClient({ run: { kind: 'command', command: ['/nowhere'], runtimeClient: true } })
    assert.match(failedWith(await hand({ do: 'echo' })).message, /could not be started: \/nowhere is not there/)
  })

  it('ends with its worker', async () => {
    const worker = await startClient()
    const { pid } = answerOf(await hand({ do: 'echo' }))
    await worker.stop()
    await eventually(() => !isRunning(Number(pid)))
  })
})
