/** The Lambda back-end with AWS's own clients, against the Lambda and the S3 of this process. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { AttemptCall, CallInput } from '../../../../dispatcher/backends/call-backend.js'
import { LambdaBackend, type LambdaBackendConfig } from '../../../../dispatcher/backends/lambda/lambda.js'
import { connect } from '../../../../dispatcher/backends/lambda/run/connect.js'
import { WAITS } from '../../../../dispatcher/backends/lambda/run/run-attempt.js'
import { SpillwayError } from '../../../../runtime/contract/errors.js'
import { readFunctionSpec } from '../../../../runtime/contract/read-function-spec.js'
import type { Release } from '../../../../runtime/contract/release.js'
import { eventually } from '../../../support/eventually.js'
import { isRunning } from '../../../support/is-running.js'
import { error } from '../../../support/lambda/lambda-endpoint.js'
import { RecordingHost } from '../../../support/lambda/recording-host.js'
import { FUNCTION, SmallLambda, STAGING_BUCKET, type Install } from '../../../support/lambda/small-lambda.js'
import { fault } from '../../../support/s3/answers.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

/** As in life, but quick. */
const QUICK = {
  refused: { first: 20, most: 50, total: 600 },
  notReady: { first: 20, most: 50, total: 5000 },
  begun: { first: 20, most: 50, total: 400 },
  staging: { first: 20, most: 50, total: 300 },
  outcome: { first: 20, most: 50 },
}

describe('back-end: lambda', () => {
  const directory = temporaryDirectory()
  let lambda: SmallLambda
  let host: RecordingHost
  let backends: LambdaBackend[]

  beforeEach(async () => {
    lambda = await SmallLambda.start(directory())
    host = new RecordingHost()
    backends = []
  })
  afterEach(async () => {
    await Promise.all(backends.map((backend) => backend.close()))
    await lambda.stop()
  })

  /** A life of the dispatcher. */
  function open(more: Partial<LambdaBackendConfig> = {}): LambdaBackend {
    const endpoints = { lambda: lambda.endpoint.url, s3: lambda.s3.url }
    const place = { region: 'eu-west-1', stagingBucket: STAGING_BUCKET, endpoints, credentials: lambda.s3.keys }
    const config = { stagingBucket: STAGING_BUCKET, heartbeatSeconds: 0.1, waits: QUICK, now: Date.now, ...more }
    const backend = new LambdaBackend(config, () => connect(place), host)
    backends.push(backend)
    return backend
  }

  const run = async (script: string, more: Partial<AttemptCall> = {}, install: Install = {}) => {
    await lambda.install({ script, ...install })
    const call = attempt(more)
    const backend = open()
    backend.start(call)
    return { call, backend, end: await host.end(call.id) }
  }
  const causeOf = async (call: AttemptCall) => {
    const { outcome } = await host.end(call.id)
    return outcome.outcome === 'failed' ? outcome.cause : outcome.outcome
  }
  const staged = () => lambda.s3.below(`${STAGING_BUCKET}/spillway/${FUNCTION}/`)

  describe('runs an attempt', () => {
    it('and brings its results, its log, its answer and what it used', async () => {
      const script = 'cat; echo to the log >&2; mkdir "$TMP_OUTPUT_DIR/d"; printf 12345 > "$TMP_OUTPUT_DIR/d/five ü"'
      const { call, backend, end } = await run(script, { input: content('hello') })
      assert.equal(end.outcome.outcome, 'succeeded')
      assert.equal(end.outcome.result?.body, 'hello')
      assert.deepEqual(
        host.lines
          .get(call.id)
          ?.map(({ stream, text: line }) => [stream, line])
          .sort(),
        [
          ['stderr', 'to the log'],
          ['stdout', 'hello'],
        ],
      )
      const [result, ...others] = await collect(backend.results(call.id))
      assert.deepEqual([result?.name, result?.size, result?.bucket, others.length], ['d/five ü', 5, STAGING_BUCKET, 0])
      assert.equal(await text(await result!.open()), '12345')
      assert.equal(lambda.s3.text(`${result!.bucket}/${result!.key}`), '12345')
      const [execution] = lambda.endpoint.executions
      assert.deepEqual(end.usage, {
        billedMs: Math.ceil(execution!.durationMs + execution!.initMs!),
        memorySize: 1024,
        ephemeralStorageSize: 512,
        architecture: 'x86_64',
      })
    })

    it('by the version that belongs to its release', async () => {
      await run('true', { release: release({ lambda: { qualifier: '7' } }) })
      assert.equal(lambda.endpoint.invocations[0]!.qualifier, '7')
    })

    it('with a large input through the staging bucket, and leaves nothing there once it is forgotten', async () => {
      const large = 'x'.repeat(100_000)
      const { call, backend, end } = await run('wc -c < "$INPUT_FILE_PATH"', { input: content(large) })
      assert.equal(Number(end.outcome.result?.body), 100_000)
      assert.ok(staged().some((key) => key.endsWith('/input')))
      await backend.forget(call.id)
      assert.deepEqual(staged(), [])
    })

    it('with an object that the function reads itself', async () => {
      lambda.s3.put('plants/in/a.txt', 'in S3')
      const input: CallInput = { kind: 's3', bucket: 'plants', key: 'in/a.txt', size: 5, name: 'a.txt' }
      const { end } = await run('cat "$INPUT_FILE_PATH"', { input })
      assert.equal(end.outcome.result?.body, 'in S3')
      assert.ok(!staged().some((key) => key.endsWith('/input')))
    })

    it('and keeps its lease alive while it runs, and until it is forgotten', async () => {
      const { call, backend } = await run('sleep 0.5')
      assert.ok(host.alive.filter((id) => id === call.id).length >= 2)
      const other = attempt()
      backend.start(other)
      await backend.forget(call.id)
      const [before, beats] = [host.alive.length, () => host.alive.slice(before)]
      await eventually(() => beats().length >= 3, { what: 'beats of another attempt' })
      assert.ok(!beats().includes(call.id))
    })
  })

  describe('tells how an attempt failed', () => {
    it('by its script', async () => {
      const { end } = await run('exit 3')
      assert.deepEqual(
        [end.outcome.outcome === 'failed' && end.outcome.cause, end.outcome.exitCode],
        ['script-exit', 3],
      )
      assert.ok((end.billedMs ?? 0) > 0)
    })

    it('by the time of the function, and by that of Lambda', async () => {
      const limits = { timeout: 10, memorySize: 1024, ephemeralStorageSize: 512 }
      const { call } = await run('sleep 60', { release: release({ timeout: 0.3 }) }, { file: { limits } })
      assert.equal(await causeOf(call), 'timeout')
      // A supervisor that stands still cannot end the script in time.
      const hard = await run('kill -STOP $PPID; sleep 60', {}, { function: { timeout: 1 } })
      assert.equal(await causeOf(hard.call), 'timeout')
      assert.match(JSON.stringify(hard.end.outcome), /Task timed out after 1.00 seconds/)
      assert.ok((hard.end.billedMs ?? 0) >= 1000)
    })

    it('by its memory, by something that killed it, and by its start', async () => {
      const tight = { function: { memorySize: 20 } }
      assert.equal(await causeOf((await run('kill -KILL $PPID; sleep 60', {}, tight)).call), 'out-of-memory')
      assert.equal(await causeOf((await run('kill -KILL $PPID; sleep 60')).call), 'worker-lost')
      const environment = { SPILLWAY_FUNCTION_FILE: '/nowhere' }
      assert.equal(await causeOf((await run('true', {}, { function: { environment } })).call), 'image')
    })

    it('with the end of its log when its supervisor could not', async () => {
      const { call } = await run('echo last words; sleep 0.5; kill -KILL $PPID; sleep 60')
      assert.ok(host.lines.get(call.id)?.some(({ text: line }) => line === 'last words'))
    })

    it('by what its function is: none at all, or none of ours', async () => {
      const call = attempt()
      const backend = open()
      backend.start(call)
      assert.equal(await causeOf(call), 'backend-unavailable')
      const { outcome } = await host.end(call.id)
      assert.deepEqual([outcome.outcome === 'failed' && outcome.ofFunction, backend.status().healthy], [true, true])
      await lambda.install({ script: 'true' })
      lambda.endpoint.rule = () => ({ status: 200, body: '"hello"' })
      const other = attempt()
      open().start(other)
      assert.equal(await causeOf(other), 'image')
    })

    it('by its input, when that is gone or cannot be staged', async () => {
      await lambda.install({ script: 'true' })
      const gone = attempt({
        input: {
          kind: 'content',
          size: 1e5,
          name: 'a',
          open: () => Promise.reject(new SpillwayError('object-not-found', 'it is gone')),
        },
      })
      open().start(gone)
      assert.equal(await causeOf(gone), 'input-missing')
      const refused = attempt({
        input: {
          kind: 'content',
          size: 1e5,
          name: 'a',
          open: () => Promise.reject(new SpillwayError('storage-refused', 'the keys are not taken')),
        },
      })
      open().start(refused)
      assert.equal(await causeOf(refused), 'backend-unavailable')
      lambda.s3.rule = ({ key }) => (key.endsWith('/input') ? fault(503, 'SlowDown') : undefined)
      const stuck = attempt({ input: content('x'.repeat(1e5)) })
      open().start(stuck)
      assert.equal(await causeOf(stuck), 'backend-unavailable')
    })
  })

  describe('waits', () => {
    it('while Lambda has too much to do, and tries less at once', async () => {
      await lambda.install({ script: 'sleep 0.3' })
      lambda.endpoint.concurrency = 2
      const backend = open({ waits: { ...QUICK, refused: { first: 50, most: 100, total: 60_000 } } })
      const calls = Array.from({ length: 5 }, () => attempt())
      await eventually(() => backend.room(calls[0]!.release) === 2, { what: 'the limit of the account' })
      for (const call of calls) backend.start(call)
      for (const call of calls) assert.equal(await causeOf(call), 'succeeded')
      assert.ok(lambda.endpoint.invocations.length > 5)
      assert.equal(backend.room(calls[0]!.release), 2)
    })

    it('for a function that is being made ready or has been asleep', async () => {
      for (const state of ['Pending', 'Inactive'] as const) {
        await lambda.install({ script: 'true' })
        lambda.endpoint.setState(FUNCTION, state)
        const call = attempt()
        open().start(call)
        await eventually(() => lambda.endpoint.invocations.length >= 2)
        lambda.endpoint.setState(FUNCTION, 'Active')
        assert.equal(await causeOf(call), 'succeeded')
      }
    })

    it('not for a function that cannot become ready', async () => {
      await lambda.install({ script: 'true' })
      lambda.endpoint.setState(FUNCTION, 'Failed', 'the image was deleted')
      const call = attempt()
      open().start(call)
      const { outcome } = await host.end(call.id)
      assert.match(JSON.stringify(outcome), /"cause":"image".*the image was deleted/)
    })

    it('for a fault of AWS to pass, but not for ever', async () => {
      await lambda.install({ script: 'true' })
      const faults = [500, 503, 429]
      lambda.endpoint.rule = () => {
        const status = faults.pop()
        return status
          ? error(status, status === 429 ? 'TooManyRequestsException' : 'ServiceException', 'no')
          : undefined
      }
      const call = attempt()
      const backend = open()
      backend.start(call)
      assert.equal(await causeOf(call), 'succeeded')
      assert.equal(backend.status().healthy, true)
      for (const [status, name, cause] of [
        [429, 'TooManyRequestsException', 'throttled'],
        [500, 'ServiceException', 'backend-unavailable'],
      ] as const) {
        lambda.endpoint.rule = () => error(status, name, 'no')
        const refused = attempt()
        backend.start(refused)
        const { outcome, usage } = await host.end(refused.id)
        assert.deepEqual([outcome.outcome === 'failed' && outcome.cause, usage], [cause, 'none'])
      }
      assert.equal(backend.status().healthy, false)
    })
  })

  describe('survives', () => {
    it('the loss of a connection: the outcome is in the staging bucket', async () => {
      await lambda.install({ script: 'sleep 0.5; echo done' })
      const call = attempt()
      open().start(call)
      await eventually(() => staged().some((key) => key.endsWith('started.json')))
      lambda.endpoint.cutConnections()
      const { outcome, billedMs } = await host.end(call.id)
      assert.equal(outcome.result?.body, 'done\n')
      assert.ok((billedMs ?? 0) >= 500)
      assert.equal(lambda.endpoint.invocations.length, 1)
    })

    it('the loss of a call that never arrived: it is made again', async () => {
      await lambda.install({ script: 'true' })
      let cuts = 1
      lambda.endpoint.rule = () => (cuts-- > 0 ? 'cut' : undefined)
      const call = attempt()
      open().start(call)
      assert.equal(await causeOf(call), 'succeeded')
      assert.equal(lambda.endpoint.invocations.length, 2)
    })

    it('a restart of the dispatcher while an attempt runs, after it has ended, and before it was called', async () => {
      await lambda.install({ script: 'sleep 0.7; echo done > "$TMP_OUTPUT_DIR/a"' })
      const call = attempt()
      const first = open()
      first.start(call)
      await eventually(() => staged().some((key) => key.endsWith('started.json')))
      await first.close()
      assert.equal(host.ends.size, 0)
      const second = open()
      second.resume(call)
      assert.equal(await causeOf(call), 'succeeded')
      host.ends.clear()
      const third = open()
      third.resume(call)
      assert.equal(await causeOf(call), 'succeeded')
      assert.equal((await collect(third.results(call.id))).length, 1)
      assert.equal(lambda.endpoint.invocations.length, 1)
      const never = attempt()
      third.resume(never)
      assert.equal(await causeOf(never), 'succeeded')
      assert.equal(lambda.endpoint.invocations.length, 2)
    })

    it('a sandbox that vanished while nobody was listening: its time passes, then it is lost', async () => {
      const now = { value: Date.now() }
      await lambda.install({ script: 'sleep 60' })
      const call = attempt({ release: release({ timeout: 10 }) })
      const first = open()
      first.start(call)
      await eventually(() => staged().some((key) => key.endsWith('started.json')))
      await first.close()
      open({ now: () => now.value }).resume(call)
      now.value += 9000
      const before = lambda.s3.requests.length
      await eventually(() => lambda.s3.requests.length > before + 3, { what: 'looks for an outcome' })
      assert.equal(host.ends.size, 0)
      now.value += 60_000
      const { outcome, billedMs } = await host.end(call.id)
      assert.deepEqual([outcome.outcome === 'failed' && outcome.cause, billedMs], ['worker-lost', 20_000])
    })

    it('an event that Lambda delivers twice', async () => {
      await lambda.install({ script: 'date +%s%N > "$TMP_OUTPUT_DIR/time"' })
      const call = attempt()
      const backend = open()
      backend.start(call)
      await host.end(call.id)
      const [before] = await collect(backend.results(call.id))
      const payload = JSON.parse(lambda.endpoint.invocations[0]!.payload.toString()) as unknown
      await lambda.invoke(payload)
      const [after] = await collect(backend.results(call.id))
      assert.deepEqual([after?.key, await text(await after!.open())], [before?.key, await text(await before!.open())])
    })
  })

  it('has the script stopped that somebody cancels, and clears what it left', async () => {
    const mark = join(directory(), 'pid')
    await lambda.install({ script: `echo $$ > ${mark}; sleep 60` })
    const call = attempt()
    const backend = open()
    backend.start(call)
    const pid = await eventually(() => Number(readFileSync(mark, 'utf8')))
    backend.cancel(call.id)
    assert.equal(await causeOf(call), 'cancelled')
    assert.equal(isRunning(pid), false)
    assert.ok((await host.end(call.id)).billedMs! > 0)
    await backend.forget(call.id)
    assert.deepEqual(staged(), [])
  })

  it('does not call for what was cancelled while Lambda had too much to do', async () => {
    await lambda.install({ script: 'true' })
    lambda.endpoint.rule = () => error(429, 'TooManyRequestsException', 'no')
    const call = attempt()
    const backend = open({ waits: { ...QUICK, refused: { first: 20, most: 50, total: 60_000 } } })
    backend.start(call)
    await eventually(() => lambda.endpoint.invocations.length > 0)
    backend.cancel(call.id)
    assert.equal(await causeOf(call), 'cancelled')
    assert.equal((await host.end(call.id)).usage, 'none')
  })

  describe('finds out in its next life what an attempt has used that nobody waits for', () => {
    const started = async (script: string, more: Partial<AttemptCall> = {}) => {
      await lambda.install({ script })
      const call = attempt(more)
      const first = open()
      first.start(call)
      const hasStarted = () =>
        staged().some((key) => key.includes(call.document.invocation) && key.endsWith('started.json'))
      // On a busy machine a short one may have ended before anybody looks.
      await eventually(() => hasStarted() || host.ends.has(call.id))
      return { call, first }
    }

    it('and stops it', async () => {
      const { call, first } = await started('sleep 60')
      await first.close()
      open().windUp(call)
      assert.equal(await causeOf(call), 'cancelled')
      const execution = await eventually(() => lambda.endpoint.executions[0])
      assert.ok((await host.end(call.id)).billedMs! <= Math.ceil(execution.durationMs + execution.initMs!))
      assert.equal(lambda.endpoint.invocations.length, 1)
    })

    it('when it has ended meanwhile, when it vanished, and when it was never called', async () => {
      const { call: ended } = await started('sleep 0.3')
      const { billedMs } = await host.end(ended.id)
      host.ends.clear()
      open().windUp(ended)
      const late = (await host.end(ended.id)).billedMs!
      assert.ok(late >= 300 && late <= billedMs! + 1, `${late} of ${billedMs} ms`)
      const never = attempt()
      open().windUp(never)
      assert.equal((await host.end(never.id)).usage, 'none')
      const { call: vanished, first } = await started('kill -STOP $PPID; sleep 60', {
        release: release({ timeout: 10 }),
      })
      await first.close()
      open({ now: () => Date.now() + 60_000 }).windUp(vanished)
      assert.equal((await host.end(vanished.id)).billedMs, 20_000)
      assert.equal(lambda.endpoint.invocations.length, 2)
    })

    it('later, when the staging bucket does not answer', async () => {
      const { call, first } = await started('sleep 60')
      await first.close()
      lambda.s3.rule = () => fault(503, 'SlowDown')
      const second = open()
      second.windUp(call)
      assert.equal((await host.end(call.id)).usage, undefined)
      lambda.s3.rule = () => undefined
      host.ends.clear()
      second.windUp(call)
      assert.ok((await host.end(call.id)).billedMs! > 0)
    })
  })

  it('loads nothing and asks nobody before there is work', async () => {
    let connections = 0
    const never = () => {
      connections++
      return Promise.reject(new Error('no credentials'))
    }
    const backend = new LambdaBackend({ stagingBucket: 'b', heartbeatSeconds: 1, now: Date.now }, never, host)
    backends.push(backend)
    assert.deepEqual([connections, backend.status().healthy], [0, true])
    assert.equal(backend.room(release()), undefined)
    await eventually(() => (backend.room(release()) ?? 0) > 0)
    assert.match(host.said.join(), /the concurrency of the AWS account is not known: no credentials/)
    const call = attempt()
    backend.start(call)
    const { outcome } = await host.end(call.id)
    assert.match(JSON.stringify(outcome), /"backend-unavailable".*AWS cannot be reached: no credentials/)
  })

  it('says beforehand what cannot run there, and what is different there', () => {
    const backend = open()
    assert.match(backend.check(spec({ memorySize: 20_000 })).refusal ?? '', /20,000 MB is over 10,240 MB/)
    const { refusal, notes } = backend.check(spec({ timeout: 1200, isolation: 'fresh' }))
    assert.equal(refusal, undefined)
    assert.match(notes.join(), /expected to end within 15 min.*\/tmp is emptied/)
  })

  it('is patient in life: a minute for a refusal, five for an image', () => {
    assert.deepEqual([WAITS.refused.total, WAITS.notReady.total], [60_000, 300_000])
  })
})

const spec = (more: object = {}) =>
  readFunctionSpec(
    { image: 'busybox', script: 'work.sh', timeout: 20, ...more },
    { path: 'f', storages: ['lake'], backends: ['lambda', 'local'] },
  ).value!

const release = (more: object = {}): Release => ({
  function: FUNCTION,
  number: 3,
  spec: spec(more),
  packageDigest: 'sha256:0',
  createdAt: 0,
})

const content = (body: string): CallInput => ({
  kind: 'content',
  size: Buffer.byteLength(body),
  name: 'body',
  open: async () => Readable.from([Buffer.from(body)]),
})

function attempt(more: Partial<AttemptCall> = {}): AttemptCall {
  const invocation = randomUUID()
  return {
    id: `${invocation}.1`,
    release: release(),
    document: {
      invocation,
      attempt: 1,
      event: { Records: [] },
      eventTime: '2026-08-01T12:00:00.000Z',
      limits: { deadlineMs: Date.now() + 20_000, ephemeralStorageSize: 512 },
      wantsResult: true,
    },
    input: content(''),
    ...more,
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
