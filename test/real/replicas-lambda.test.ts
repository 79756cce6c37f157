/** Two dispatchers on one PostgreSQL with work on Lambda: the one that waits for its end is killed, and the other brings the result home. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { beside, onLambda } from '../support/lambda/beside-lambda.js'
import { FUNCTION, SmallLambda, STAGING_BUCKET } from '../support/lambda/small-lambda.js'
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
        heartbeat: 1,
        lease: 5,
        storage: { here: { type: 'directory', path: join(directory(), 'data'), settle: 0.05 } },
        backends: { lambda: onLambda() },
      },
      environment: { ...beside(lambda), SPILLWAY_DATABASE: database, SPILLWAY_WORKER_SECRET: 'the same for both' },
    })
    running.push(dispatcher)
    return dispatcher
  }

  const go = () => join(directory(), 'go')

  /** The one has called Lambda, where a script waits for `go`. */
  async function awayFor(name: string): Promise<{ one: DispatcherProcess; other: DispatcherProcess }> {
    mkdirSync(join(directory(), 'lambda'))
    lambda = await SmallLambda.start(join(directory(), 'lambda'))
    running.push(lambda)
    await lambda.install({
      script: `#!/bin/sh\nwhile ! [ -e "${go()}" ]; do sleep 0.05; done\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n`,
    })
    const database = await server().createDatabase(name)
    const one = await start('one', database)
    const other = await start('other', database)
    await other.put(FUNCTION, '#!/bin/sh\n', {
      image: 'busybox',
      backends: ['lambda'],
      input: 'here://in/',
      output: 'here://out/',
    })
    writeFileSync(join(directory(), 'data', 'in', 'a.txt'), 'hello')
    await eventually(() => lambda.endpoint.busy() === 1, { what: 'a call of Lambda' })
    return { one, other }
  }

  it('adopt the attempt of the one that is killed, and run it no second time', async () => {
    const { one, other } = await awayFor('lambda')
    await one.kill()
    writeFileSync(go(), '')
    const result = join(directory(), 'data', 'out', 'a.txt')
    await eventually(() => existsSync(result), { timeoutMs: HOME_MS, what: 'the result' })
    assert.equal(readFileSync(result, 'utf8'), 'hello')
    const [ended] = await other.allEnded(1)
    const { state, tries } = await other.invocation(ended!.id)
    assert.deepEqual([state, tries.length, lambda.endpoint.invocations.length], ['succeeded', 1, 1])
  })

  for (const isKilled of [false, true])
    it(`pay once for what is cancelled${isKilled ? ' when the one that waits for it is killed' : ''}`, async () => {
      const { one, other } = await awayFor(isKilled ? 'killed' : 'cancelled')
      const { id } = (await other.invocations()).invocations[0]!
      await other.call('POST', `/v1/invocations/${id}/cancel`)
      if (isKilled) await one.kill()
      const cost = await eventually(async () => (await other.invocation(id)).tries[0]!.cost ?? false, {
        timeoutMs: HOME_MS,
        what: 'its cost',
      })
      assert.ok(cost > 0)
      await eventually(() => lambda.s3.below(`${STAGING_BUCKET}/spillway/`).length === 0, { what: 'a clean bucket' })
      const { body: metrics } = await other.call<string>('GET', '/metrics')
      const [, spent] = /^spillway_cost_usd\{.*\} (\S+)$/m.exec(metrics)!
      assert.deepEqual([Number(spent), lambda.endpoint.invocations.length], [cost, 1])
    })
})
