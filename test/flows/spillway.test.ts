/** The spillway, end to end: a real dispatcher process, two slots of its own, and the Lambda of this process beside it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Decision } from '../../runtime/contract/decision.js'
import type { BackendStatus, InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { historyCsvHeader, type HistoryRow } from '../../runtime/contract/history-row.js'
import { dispatchers, REPOSITORY, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { beside, onLambda } from '../support/lambda/beside-lambda.js'
import { error } from '../support/lambda/lambda-endpoint.js'
import { FUNCTION, SmallLambda, STAGING_BUCKET } from '../support/lambda/small-lambda.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const UPPER = '#!/bin/sh\ntr a-z A-Z < "$INPUT_FILE_PATH" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"\n'

const MAIN = join(REPOSITORY, 'dist/dispatcher/main.js')

describe('the spillway', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  let lambda: SmallLambda

  beforeEach(async () => {
    mkdirSync(join(directory(), 'lambda'))
    lambda = await SmallLambda.start(join(directory(), 'lambda'))
  })
  afterEach(() => lambda.stop())

  /** Words of a script that waits until there is a file of that name. */
  const until = (name: string) => `while ! [ -e "${join(directory(), name)}" ]; do sleep 0.05; done`
  const open = (backends: object = {}, more: object = {}) =>
    start({
      config: {
        ...more,
        backends: { local: { slots: 2, containers: 'off' }, lambda: onLambda(), ...backends },
      },
      environment: beside(lambda),
    })

  it('leads a file to Lambda and its result home', async () => {
    await lambda.install({ script: UPPER })
    const dispatcher = await open()
    await dispatcher.put(FUNCTION, UPPER, {
      image: 'busybox',
      backends: ['lambda'],
      input: 'here://in/',
      output: 'here://out/',
    })
    writeFileSync(dispatcher.path('in', 'a.txt'), 'hello')
    const [ended] = await dispatcher.allEnded(1)
    assert.equal(readFileSync(dispatcher.path('out', 'a.txt'), 'utf8'), 'HELLO')
    const record = await dispatcher.invocation(ended!.id)
    assert.deepEqual(
      record.tries.map(({ backend }) => backend),
      ['lambda'],
    )
  })

  it('is for what would wait too long: some of a burst goes over, and the record says why', async () => {
    const slow = `sleep 0.4\n${bare(UPPER)}`
    await lambda.install({ script: slow })
    const dispatcher = await open()
    await dispatcher.put(FUNCTION, `#!/bin/sh\n${slow}`, {
      image: 'busybox',
      input: 'here://in/',
      output: 'here://out/',
      routing: { expectedTime: 0.5, waitingBudget: { factor: 2 } },
    })
    const names = Array.from({ length: 30 }, (_, index) => `f${index}.txt`)
    for (const name of names) writeFileSync(dispatcher.path('in', name), `text of ${name}`)
    const ended = await dispatcher.allEnded(30)
    const records = await Promise.all(ended.map(({ id }) => dispatcher.invocation(id)))
    const went = records.filter(({ tries }) => tries[0]?.backend === 'lambda')
    assert.ok(went.length > 5 && went.length < 30, `${went.length} of 30 went over`)
    for (const { tries, decision } of records) {
      assert.equal(tries.length, 1, JSON.stringify(tries))
      const { rule, expectedRun, expectedWait, waitingBudget, cost } = decision.terms!
      assert.ok(rule === 'expected-wait' || rule === 'waiting-budget', rule)
      for (const term of [expectedRun?.seconds, expectedWait?.seconds, waitingBudget, cost])
        assert.ok(term !== undefined)
      assert.equal(tries[0]!.cost === undefined, tries[0]!.backend === 'local')
    }
    for (const name of names)
      assert.equal(readFileSync(dispatcher.path('out', name), 'utf8'), `TEXT OF ${name.toUpperCase()}`)
  })

  it('does not lead there what cannot run there, and says so with both numbers', async () => {
    const dispatcher = await open()
    await dispatcher.put(FUNCTION, UPPER, { image: 'busybox', timeout: 1200, routing: { waitingBudget: 0 } })
    await dispatcher.put('plants-dev-large', UPPER, { image: 'busybox', ephemeralStorageSize: 12_000 })
    const { decision } = await dispatcher.invokeAndWait(FUNCTION)
    assert.deepEqual(decision.eligible, ['local'])
    assert.ok(decision.reasons.some(({ text }) => text === 'lambda: timeout 20 min is over 15 min'))
    const large = await dispatcher.json<Decision>('POST', '/v1/decisions', {
      function: 'plants-dev-large',
      size: 11 * 1024 ** 3,
    })
    assert.deepEqual(large.body.eligible, ['local'])
    assert.ok(
      large.body.reasons.some(({ text }) => text === 'lambda: ephemeralStorageSize 12,000 MB is over 10,240 MB'),
      JSON.stringify(large.body.reasons),
    )
    assert.equal(lambda.endpoint.invocations.length, 0)
  })

  it('shows what it would do now, what it did, and what it cost', async () => {
    await lambda.install({ script: UPPER })
    const dispatcher = await open({ local: { slots: 1, containers: 'off' } })
    const routing = { expectedTime: 10, waitingBudget: 5 }
    await dispatcher.put(FUNCTION, `#!/bin/sh\n${until('go')}\n${bare(UPPER)}`, {
      image: 'busybox',
      input: 'here://in/',
      backends: ['lambda', 'local'],
      routing,
    })
    const first = await dispatcher.invoke(FUNCTION, 'x')
    const decide = async (request: object) =>
      (await dispatcher.json<Decision>('POST', '/v1/decisions', request)).body.terms?.rule
    assert.equal(await decide({ function: FUNCTION, size: 5 }), 'expected-wait')
    const event = { storage: 'here', bucket: 'in', key: 'a', size: 5, time: new Date().toISOString() }
    assert.equal(await decide({ event }), 'expected-wait')
    assert.equal(await decide({ invocation: first.id }), 'expected-wait')
    const nothing = await dispatcher.json<{ code: string }>('POST', '/v1/decisions', {})
    assert.deepEqual([nothing.status, nothing.body.code], [400, 'invalid-request'])
    await dispatcher.invokeAndWait(FUNCTION, 'x')
    writeFileSync(join(directory(), 'go'), '')
    await dispatcher.allEnded(2)
    const { body: metrics } = await dispatcher.call<string>('GET', '/metrics')
    const labels = `{function="${FUNCTION}",`
    assert.ok(metrics.includes(`spillway_decisions_total${labels}rule="expected-wait"} 1`), metrics)
    assert.ok(metrics.includes(`spillway_attempts_total${labels}backend="lambda"} 1`), metrics)
    assert.match(metrics, /spillway_cost_usd\{function="plants-dev-classify"\} 0\.0000\d/)
    const { body: csv } = await dispatcher.call<string>('GET', '/v1/history')
    const rows = csv.trim().split('\n')
    assert.equal(rows[0], historyCsvHeader())
    assert.deepEqual(
      rows
        .slice(1)
        .map((row) => row.split(',')[6])
        .sort(),
      ['lambda', 'local'],
    )
    const words = [MAIN, 'history', 'export', '--url', dispatcher.url, '--format', 'json']
    const { stdout } = await promisify(execFile)(process.execPath, words)
    assert.equal((JSON.parse(stdout.split('\n')[0]!) as HistoryRow).id, first.id)
  })

  it('is shut by a budget that is used up: the rest stays home, and the record says why', async () => {
    await lambda.install({ script: UPPER })
    const dispatcher = await open({ local: { slots: 1, containers: 'off' } })
    await dispatcher.put(FUNCTION, `#!/bin/sh\n${until('go')}\n${bare(UPPER)}`, {
      image: 'busybox',
      memorySize: 10_240,
      routing: { expectedTime: 10, waitingBudget: 5, budget: { perHour: 0.00167 } },
    })
    const { id: home } = await dispatcher.invoke(FUNCTION, 'x')
    await eventually(async () => (await dispatcher.invocation(home)).state === 'running')
    const away = await dispatcher.invokeAndWait(FUNCTION, 'x')
    const { id } = await dispatcher.invoke(FUNCTION, 'x')
    writeFileSync(join(directory(), 'go'), '')
    const kept = await dispatcher.invocation(id, '?wait=20s')
    assert.deepEqual([backendOf(away), backendOf(kept)], ['lambda', 'local'])
    assert.equal(kept.decision.terms?.rule, 'budget')
    const reason = kept.decision.reasons.find(({ code }) => code === 'budget')!
    assert.match(reason.text, /do not fit the budget, .* of 0\.0017 USD per hour are spent; there is room at /)
  })

  it('is shut while Lambda fails: the work comes home, and goes over again when it is well', async () => {
    await lambda.install({ script: UPPER })
    const dispatcher = await open({ lambda: onLambda({ patience: 0.2 }) })
    await dispatcher.put(FUNCTION, `#!/bin/sh\nsleep 0.2\n${bare(UPPER)}`, {
      image: 'busybox',
      input: 'here://in/',
      output: 'here://out/',
      routing: { expectedTime: 60, waitingBudget: 0 },
    })
    lambda.endpoint.rule = () => error(503, 'ServiceUnavailableException', 'out of order')
    const names = Array.from({ length: 20 }, (_, index) => `f${index}.txt`)
    for (const name of names) writeFileSync(dispatcher.path('in', name), name)
    const ended = await dispatcher.allEnded(20)
    const records = await Promise.all(ended.map(({ id }) => dispatcher.invocation(id)))
    assert.deepEqual(
      new Set(records.map(({ state, tries }) => `${state} ${tries.at(-1)!.backend}`)),
      new Set(['succeeded local']),
    )
    const failed = records.filter(({ tries }) => tries.length > 1)
    assert.ok(failed.length >= 5)
    assert.ok(failed.every(({ tries }) => tries[0]!.cause === 'backend-unavailable'))
    assert.ok(failed.every(({ moves }) => moves.some(({ why }) => why?.endsWith('again on local'))))
    const { backends } = (await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')).body
    assert.equal(backends.find(({ name }) => name === 'lambda')?.breaker?.state, 'open')
    for (const name of names) assert.equal(readFileSync(dispatcher.path('out', name), 'utf8'), name.toUpperCase())
  })

  it('loses nothing when the dispatcher is killed while attempts are away', async () => {
    const slow = `#!/bin/sh\nsleep 1\n${bare(UPPER)}`
    await lambda.install({ script: slow })
    const first = await open()
    await first.put(FUNCTION, slow, {
      image: 'busybox',
      input: 'here://in/',
      output: 'here://out/',
      routing: { expectedTime: 60, waitingBudget: 0 },
    })
    const names = Array.from({ length: 10 }, (_, index) => `f${index}.txt`)
    for (const name of names) writeFileSync(first.path('in', name), name)
    await eventually(() => lambda.endpoint.busy() >= 3, { timeoutMs: 20_000 })
    await first.kill()
    const second = await open()
    const ended = await second.allEnded(10, 40_000)
    for (const { state } of ended) assert.equal(state, 'succeeded')
    for (const name of names) assert.equal(readFileSync(second.path('out', name), 'utf8'), name.toUpperCase())
    const records = await Promise.all(ended.map(({ id }) => second.invocation(id)))
    const away = records.filter(({ tries }) => tries[0]!.backend === 'lambda')
    assert.ok(away.length >= 3)
    for (const { outputs } of records) assert.equal(outputs.length, 1)
  })

  it('pays once for what is cancelled while it is away, also when the dispatcher is killed right after', async () => {
    await lambda.install({ script: `#!/bin/sh\n${until('go')}\n` })
    const first = await open({}, { heartbeat: 1, lease: 3 })
    await first.put(FUNCTION, UPPER, { image: 'busybox', backends: ['lambda'], timeout: 30 })
    const startedMs = Date.now()
    const ids = await Promise.all([1, 2].map(async () => (await first.invoke(FUNCTION, 'x')).id))
    await eventually(() => lambda.endpoint.busy() === 2, { what: 'two calls of Lambda' })
    const costOf = async (dispatcher: DispatcherProcess, id: string) =>
      (await dispatcher.invocation(id)).tries[0]!.cost ?? false
    await first.call('POST', `/v1/invocations/${ids[0]}/cancel`)
    const cleared = (id: string) =>
      eventually(
        () => {
          const left = lambda.s3.below(`${STAGING_BUCKET}/spillway/`).filter((key) => key.includes(id))
          assert.deepEqual(left, [])
          return true
        },
        { what: 'a clean staging place' },
      )
    const ended = { timeoutMs: 20_000, what: 'what the cancelled attempt cost' }
    const costs = [await eventually(() => costOf(first, ids[0]!), ended)]
    // Killed in this moment, it would leave that to the bucket's own rule.
    await cleared(ids[0]!)
    await first.call('POST', `/v1/invocations/${ids[1]}/cancel`)
    await first.kill()
    const second = await open({}, { heartbeat: 1, lease: 3 })
    costs.push(await eventually(() => costOf(second, ids[1]!), ended))
    const most = ((Date.now() - startedMs) / 1000) * USD_PER_SECOND
    for (const cost of costs) assert.ok(cost > 0 && cost < most, `${cost} USD, at most ${most}`)
    assert.equal(lambda.endpoint.invocations.length, 2)
    const { body: metrics } = await second.call<string>('GET', '/metrics')
    const [, spent] = /^spillway_cost_usd\{.*\} (\S+)$/m.exec(metrics)!
    assert.ok(Math.abs(Number(spent) - costs[0]! - costs[1]!) < 1e-9, metrics)
    await cleared(ids[1]!)
  })
})

const USD_PER_SECOND = 1.66667e-5

const backendOf = ({ tries }: InvocationRecord) => tries.at(-1)?.backend

/** Without its first line. */
const bare = (script: string) => script.replace(/^#!.*\n/, '')
