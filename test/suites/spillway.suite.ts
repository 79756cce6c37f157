/**
 * The spillway between a small private back-end and Lambda, with files in MinIO: what goes over and why, what never
 * does, what keeps work home, and that nothing is lost, committed twice, or different for where it ran.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Played } from '../../dispatcher/simulator/play.js'
import type { Decision } from '../../runtime/contract/decision.js'
import type { BackendStatus, InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { MinioServer } from '../real/programs/minio.js'
import { REPOSITORY, type DispatcherProcess } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { beside, type SmallAws } from '../support/lambda/beside-lambda.js'
import { error } from '../support/lambda/lambda-endpoint.js'
import { FUNCTION, STAGING_BUCKET } from '../support/lambda/small-lambda.js'
import { ANY_FILES, FILES, Lake, RESULTS, resultsOn, SCRIPT, type Result } from '../support/lake.js'
import { objectNotice } from '../support/object-notice.js'

/** What is deployed there, in a directory for what it needs. */
export interface FunctionOnLambda {
  directory: string
  name: string
  script: string
  /** As the dispatcher gets it. */
  spec: Record<string, unknown>
}

export interface Lambda extends SmallAws {
  stop: () => Promise<void>
}

export interface SpillwayDriver {
  home: BackendName
  /** Of a user of that dispatcher. */
  token?: string
  minio: () => Promise<MinioServer>
  lambda: (has: FunctionOnLambda) => Promise<Lambda>
  /** A dispatcher with a home of two slots and Lambda beside it, and with the storage `lake`. */
  start: (parts: { directory: string; lake: object; environment: Record<string, string> }) => Promise<DispatcherProcess>
  /** Keys of a function without which it does not run at home. */
  spec: () => Record<string, unknown>
  /** Takes its room from the private side, and gives it back. */
  closing?: { close(): Promise<void>; open(): Promise<void> }
}

const PROGRAM = join(REPOSITORY, 'dist/dispatcher/main.js')
const SLOTS = 2
const ROUTING = { expectedTime: 2, waitingBudget: { factor: 20, share: 'none' } }

/** Of the share that went over. */
const FORESEEN_WITHIN = 0.15

const MINUTE_MS = 60_000

export function spillwaySuite(driver: SpillwayDriver): void {
  const { home, token, start, spec, closing } = driver
  let directory: string
  let minio: MinioServer
  let lambda: Lambda
  let dispatcher: DispatcherProcess
  /** What became of the 60 files. */
  let burst: InvocationRecord[]
  let lake: Lake

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'spillway-'))
    mkdirSync(join(directory, 'lambda'))
    minio = await driver.minio()
    lake = new Lake(minio)
    lambda = await driver.lambda({
      directory: join(directory, 'lambda'),
      name: FUNCTION,
      script: SCRIPT,
      spec: wholeSpec(),
    })
    const storage = { ...minio.storage, webhook: [], reconcile: 0.5 }
    const environment = { ...minio.environment('lake'), ...beside(lambda) }
    dispatcher = await start({ directory, lake: storage, environment })
    await put()
    await lake.keepVersions()
  })
  after(async () => {
    await dispatcher?.stop()
    await lambda?.stop()
    await minio?.stop()
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })

  const wholeSpec = (more: Record<string, unknown> = {}) => ({
    image: 'busybox',
    timeout: 60,
    routing: ROUTING,
    ...spec(),
    input: FILES,
    output: RESULTS,
    ...more,
  })

  const put = (more: Record<string, unknown> = {}, name = FUNCTION) => dispatcher.put(name, SCRIPT, wholeSpec(more))

  /** As an operator on the command line; answers what it prints. */
  async function spillway(...words: string[]): Promise<string> {
    const env = { ...process.env, SPILLWAY_TOKEN: token }
    return (await promisify(execFile)(process.execPath, [PROGRAM, ...words], { env })).stdout
  }

  const summaries = async (prefix: string, name = FUNCTION) =>
    (await dispatcher.invocations(`?function=${name}&limit=1000`)).invocations.filter(
      ({ input }) => input.kind === 'object' && new RegExp(`^${prefix}[-./]`).test(input.event.key),
    )

  /** All that became of them, once all have ended. */
  async function ended(prefix: string, count: number, timeoutMs = 3 * MINUTE_MS): Promise<InvocationRecord[]> {
    const all = await eventually(
      async () => {
        const found = await summaries(prefix)
        return found.filter(({ state }) => state === 'succeeded' || state === 'failed').length >= count && found
      },
      { timeoutMs, everyMs: 200, what: `the end of ${count} files of ${prefix}` },
    )
    return Promise.all(all.map(({ id }) => dispatcher.invocation(id)))
  }

  /** Each was accepted once, has succeeded, was published once, and the result is the same wherever it was made. */
  async function checkBooks(names: readonly string[], records: readonly InvocationRecord[]): Promise<void> {
    assert.deepEqual(
      records.filter(({ state }) => state !== 'succeeded').map(({ id, message }) => [id, message]),
      [],
    )
    assert.deepEqual(records.map(keyOf).toSorted(), [...names].toSorted())
    for (const { tries } of records) assert.equal(tries.filter(({ cause }) => cause === undefined).length, 1)
    await lake.check(names)
  }

  const backendNamed = async (name: BackendName) => {
    const { body } = await dispatcher.call<{ backends: BackendStatus[] }>('GET', '/v1/backends')
    return body.backends.find((backend) => backend.name === name)!
  }

  const decisionFor = async (name: string, size: number) =>
    (await dispatcher.json<Decision>('POST', '/v1/decisions', { function: name, size })).body

  it('has nothing go over while there is room', async () => {
    await put({ routing: { expectedTime: 1, waitingBudget: MINUTE_MS / 1000 } })
    const names = await lake.upload('first', [1, 1])
    const records = await ended('first', names.length)
    await checkBooks(names, records)
    assert.deepEqual(records.filter(wentOver), [])
  })

  it('leads over what the small side is too slow for, when 60 files arrive at once; every record says why', async () => {
    await put()
    // What is foreseen is a service at work: it does not count in how long a pod takes to come up on a busy machine.
    const warm = await lake.upload('warm', [1, 1])
    await ended('warm', warm.length)
    const names = await lake.upload(
      'burst',
      Array.from({ length: 60 }, (_, index) => 0.5 + ((index * 7) % 10) / 4),
    )
    burst = await ended('burst', names.length)
    await checkBooks(names, burst)
    const over = burst.filter(wentOver)
    assert.ok(over.length > 10 && over.length < 55, `${over.length} of 60 went over`)
    for (const { tries, decision } of burst) {
      const { rule, expectedRun, expectedWait, waitingBudget, cost, hold } = decision.terms!
      assert.ok(rule === 'expected-wait' || rule === 'waiting-budget', rule)
      for (const term of [expectedRun?.seconds, expectedWait?.seconds, waitingBudget, cost, hold])
        assert.equal(typeof term, 'number', JSON.stringify(decision.terms))
      assert.ok(decision.reasons.some(({ code }) => code === rule))
      const toLambda = tries.filter(({ backend }) => backend === 'lambda')
      assert.ok(toLambda.every(({ startedAt }) => startedAt >= decision.spillAt!))
      const paid = tries.filter(({ cost: usd }) => usd !== undefined).map(({ backend }) => backend)
      assert.deepEqual(
        paid,
        tries.flatMap(({ backend }) => (backend === 'lambda' ? [backend] : [])),
      )
    }
    assert.ok(mostAtOnce(burst, home) <= SLOTS)
  })

  it('is predicted by the simulator, from the exported history of these files', async () => {
    const history = join(directory, 'history.csv')
    const since = new Date(Math.min(...burst.map(({ acceptedAt }) => acceptedAt))).toISOString()
    await spillway('history', 'export', '--url', dispatcher.url, '--since', since, '--output', history)
    const words = ['--jobs', history, '--capacity', String(SLOTS), '--policy', JSON.stringify(ROUTING), '--json']
    const { summary } = JSON.parse(await spillway('simulate', ...words)) as Played
    assert.equal(summary.jobs, burst.length)
    const share = burst.filter(wentOver).length / burst.length
    process.stdout.write(`      ${percent(share)} went over, ${percent(summary.spilled)} foreseen\n`)
    assert.ok(Math.abs(summary.spilled - share) <= FORESEEN_WITHIN * share)
  })

  it('makes the same of a file on either side, byte for byte', async () => {
    const atHome = await resultsFrom(home)
    assert.equal(atHome.get('rose.txt')?.bytes.toString(), 'RED\n')
    assert.equal(atHome.size, 2 * Object.keys(ANY_FILES).length)
    assert.deepEqual(await resultsFrom('lambda'), atHome)
  })

  /** Everything that one side makes of the files. */
  async function resultsFrom(side: BackendName): Promise<Map<string, Result>> {
    await put({ backends: [side], output: resultsOn(side) })
    const count = await lake.uploadFor(side)
    const records = await ended(`${side}-side`, count)
    assert.deepEqual(
      records.map(({ state, tries }) => [state, ...tries.map(({ backend }) => backend)]),
      Array.from({ length: count }, () => ['succeeded', side]),
    )
    return lake.madeOn(side)
  }

  it('keeps home what may take 20 minutes, and what is larger than Lambda takes', async () => {
    await put({ timeout: 1200, routing: { waitingBudget: 0 }, input: [], output: [] }, 'plants-dev-slow')
    const slow = await decisionFor('plants-dev-slow', 100)
    assert.deepEqual(slow.eligible, [home])
    assert.ok(
      slow.reasons.some(({ text }) => text === 'lambda: timeout 20 min is over 15 min'),
      texts(slow),
    )
    const waiting = Array.from({ length: 3 * SLOTS }, () => dispatcher.invokeAndWait('plants-dev-slow', '0.1\nwords\n'))
    for (const { state, tries, decision } of await Promise.all(waiting))
      assert.deepEqual([state, ...tries.map(({ backend }) => backend)], ['succeeded', home], texts(decision))
    const large = { [home]: { ...Object(spec()[home]), ephemeralStorageSize: 12_000 } }
    await put({ ephemeralStorageSize: 10_240, ...large, input: 'lake://large/', output: [] }, 'plants-dev-large')
    const decision = await decisionFor('plants-dev-large', 11e9)
    const reason = 'lambda: input of 11 GB is over ephemeralStorageSize 10,240 MB'
    assert.ok(
      decision.reasons.some(({ text }) => text === reason),
      texts(decision),
    )
    assert.ok(!decision.eligible.includes('lambda'))
    assert.ok((await decisionFor('plants-dev-large', 1e9)).eligible.includes('lambda'))
    await dispatcher.json('POST', '/v1/events', objectNotice('large', 'huge.bin', { size: 11e9 }))
    const arrived = async () => (await summaries('huge', 'plants-dev-large'))[0]
    const { id } = await eventually(arrived, { timeoutMs: MINUTE_MS, everyMs: 100 })
    const record = await eventually(
      async () => {
        const found = await dispatcher.invocation(id, '?wait=60s')
        return found.tries.length > 0 && found
      },
      { timeoutMs: 2 * MINUTE_MS, what: 'an attempt at the large file' },
    )
    assert.deepEqual(record.decision.eligible, [home])
    assert.deepEqual(new Set(record.tries.map(({ backend }) => backend)), new Set([home]))
    assert.deepEqual(new Set(lambda.endpoint.invocations.map(({ name }) => name)), new Set([FUNCTION]))
  })

  it('keeps work home when the budget is used up, and says so', async () => {
    const spent = burst.flatMap(({ tries }) => tries).reduce((sum, { cost = 0 }) => sum + cost, 0)
    assert.ok(spent > 0)
    const routing = { expectedTime: 0.5, waitingBudget: 0, budget: { perHour: spent } }
    await put({ routing })
    const names = await lake.upload(
      'budget',
      Array.from({ length: 10 }, () => 0.5),
    )
    const records = await ended('budget', names.length)
    await checkBooks(names, records)
    assert.deepEqual(records.filter(wentOver), [])
    for (const { decision } of records) {
      assert.match(
        texts(decision),
        /lambda: about [0-9.]+ USD do not fit the budget, [0-9.]+ USD of [0-9.]+ USD per hour are spent/,
      )
      assert.equal(decision.terms?.rule, 'budget')
    }
  })

  it('brings work home when Lambda fails, tries it again later, and goes on with it', async () => {
    await put({ routing: { expectedTime: 0.5, waitingBudget: 0 } })
    const words = 'The security token included in the request is invalid.'
    lambda.endpoint.rule = () => error(403, 'UnrecognizedClientException', words)
    const names = await lake.upload(
      'ill',
      Array.from({ length: 20 }, () => 0.5),
    )
    await eventually(async () => (await backendNamed('lambda')).breaker?.state === 'open', { timeoutMs: MINUTE_MS })
    const records = await ended('ill', names.length)
    await checkBooks(names, records)
    const failed = records.flatMap(({ tries }) => tries.filter(({ cause }) => cause !== undefined))
    assert.ok(failed.length >= 5, `${failed.length} attempts failed`)
    assert.deepEqual(
      new Set(failed.map(({ backend, cause }) => `${backend} ${cause}`)),
      new Set(['lambda backend-unavailable']),
    )
    assert.deepEqual(new Set(records.map(({ tries }) => tries.at(-1)!.backend)), new Set([home]))
    lambda.endpoint.rule = () => undefined
    const { retryAt = 0 } = (await backendNamed('lambda')).breaker ?? {}
    await eventually(() => Date.now() > retryAt, { timeoutMs: 2 * MINUTE_MS, everyMs: 500 })
    const later = await lake.upload(
      'well',
      Array.from({ length: 10 }, () => 0.5),
    )
    const after = await ended('well', later.length)
    await checkBooks(later, after)
    assert.ok(after.some(wentOver))
    assert.equal((await backendNamed('lambda')).breaker?.state, 'closed')
  })

  if (closing)
    it('spills the queue when the node is cordoned, and no more when it is uncordoned', async () => {
      await put({ routing: { expectedTime: 3, waitingBudget: 3600 } })
      const names = await lake.upload(
        'cordon',
        Array.from({ length: 12 }, () => 3),
      )
      const runs = async () => (await summaries('cordon')).some(({ state }) => state === 'running')
      await eventually(runs, { timeoutMs: MINUTE_MS, everyMs: 100 })
      await closing.close()
      const records = await ended('cordon', names.length)
      await checkBooks(names, records)
      const over = records.filter(wentOver)
      assert.ok(over.length >= 6, `${over.length} of 12 went over`)
      for (const { decision } of over)
        assert.ok(
          decision.reasons.some(({ code }) => code === 'decided-again'),
          texts(decision),
        )
      await closing.open()
      const hasRoom = async () => (await decisionFor(FUNCTION, 20)).eligible[0] === home
      await eventually(hasRoom, { timeoutMs: MINUTE_MS, everyMs: 200, what: 'room on the private side' })
      const later = await lake.upload(
        'uncordon',
        Array.from({ length: 4 }, () => 0.5),
      )
      const stayed = await ended('uncordon', later.length)
      await checkBooks(later, stayed)
      assert.deepEqual(stayed.filter(wentOver), [])
    })

  it('has in the end taken each file in once and published its results once, and left nothing on the way', async () => {
    const names = await lake.checkAll()
    const { invocations } = await dispatcher.invocations(`?function=${FUNCTION}&limit=1000`)
    assert.deepEqual(new Set(invocations.map(({ state }) => state)), new Set(['succeeded']))
    const taken = invocations.map(keyOf).filter((key) => !key.includes('-side/'))
    assert.deepEqual(taken.toSorted(), names.toSorted())
    const staged = () => lambda.s3.below(`${STAGING_BUCKET}/spillway/`).length
    await eventually(() => staged() === 0, { timeoutMs: MINUTE_MS, everyMs: 100, what: 'an empty staging bucket' })
  })
}

const keyOf = ({ input }: Pick<InvocationRecord, 'input'>) => (input.kind === 'object' ? input.event.key : '')

const wentOver = ({ tries }: InvocationRecord) => tries.at(-1)?.backend === 'lambda'

const percent = (share: number) => `${Math.round(share * 100)} %`

const texts = ({ reasons }: Decision) => reasons.map(({ text }) => text).join('\n')

/** Scripts of that back-end that ran side by side; results are published while the next one runs. */
function mostAtOnce(records: readonly InvocationRecord[], backend: BackendName): number {
  const runs = records
    .flatMap(({ tries }) => tries)
    .filter((one) => one.backend === backend)
    .map(({ startedAt, times }) => ({ start: startedAt, end: startedAt + times!.stageInMs + times!.runMs }))
  return Math.max(...runs.map(({ start }) => runs.filter((run) => run.start <= start && run.end > start).length))
}
