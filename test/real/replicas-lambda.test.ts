/** Two dispatchers on one PostgreSQL with work on Lambda: the one that waits for its end is killed, and the other brings the result home. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { beside, onLambda } from '../support/lambda/beside-lambda.js'
import { FUNCTION, SmallLambda } from '../support/lambda/small-lambda.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { postgresServer } from './programs/postgres.js'

/** Milliseconds from the kill to the result: two beats, the time to come back, reading the outcome, and a margin. */
const HOME_MS = 30_000

describe('two dispatchers with work on Lambda', function () {
  this.timeout(120_000)
  const directory = temporaryDirectory()
  const running: { stop(): Promise<unknown> }[] = []
  const server = postgresServer({ settings: { fsync: 'off' } })
  let lambda: SmallLambda

  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop()
  })

  const start = async (name: string, database: string): Promise<DispatcherProcess> => {
    const dispatcher = await DispatcherProcess.start({
      directory: join(directory(), name),
      config: {
        drain: 0,
        storage: { here: { type: 'directory', path: join(directory(), 'data'), settle: 0.05 } },
        backends: { lambda: onLambda() },
      },
      environment: { ...beside(lambda), SPILLWAY_DATABASE: database, SPILLWAY_WORKER_SECRET: 'the same for both' },
    })
    running.push(dispatcher)
    return dispatcher
  }

  it('adopt the attempt of the one that is killed, and run it no second time', async () => {
    mkdirSync(join(directory(), 'lambda'))
    lambda = await SmallLambda.start(join(directory(), 'lambda'))
    running.push(lambda)
    const go = join(directory(), 'go')
    await lambda.install({
      script: `#!/bin/sh\nwhile ! [ -e "${go}" ]; do sleep 0.05; done\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n`,
    })
    const database = await server().createDatabase('lambda')
    const one = await start('one', database)
    const other = await start('other', database)
    await other.put(FUNCTION, '#!/bin/sh\n', {
      image: 'busybox',
      backends: ['lambda'],
      input: 'here://in/',
      output: 'here://out/',
    })
    writeFileSync(join(directory(), 'data', 'in', 'a.txt'), 'hello')
    await eventually(() => lambda.endpoint.invocations.length === 1, { what: 'a call of Lambda' })
    await one.kill()
    writeFileSync(go, '')
    const result = join(directory(), 'data', 'out', 'a.txt')
    await eventually(() => existsSync(result), { timeoutMs: HOME_MS, what: 'the result' })
    assert.equal(readFileSync(result, 'utf8'), 'hello')
    const [ended] = await other.allEnded(1)
    const { state, tries } = await other.invocation(ended!.id)
    assert.deepEqual([state, tries.length, lambda.endpoint.invocations.length], ['succeeded', 1, 1])
  })
})
