/** Attempts on called back-ends, with a real database and a real storage. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { BringHome } from '../../../dispatcher/calls/bring-home.js'
import { Bills } from '../../../dispatcher/calls/bills.js'
import { Calls } from '../../../dispatcher/calls/calls.js'
import type { Database, NewInvocation } from '../../../dispatcher/database/database.js'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { Budgets } from '../../../dispatcher/routing/budgets.js'
import { Outages } from '../../../dispatcher/outages.js'
import { Settle } from '../../../dispatcher/outcomes/settle.js'
import type { ObjectStore } from '../../../dispatcher/storage/object-store.js'
import { openStorage } from '../../../dispatcher/storage/open.js'
import { GrantsInMemory } from '../../../dispatcher/workers/grant-book.js'
import { LogBook } from '../../../dispatcher/workers/log-book.js'
import { OutputGrants } from '../../../dispatcher/workers/output-grants.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { attemptId } from '../../../runtime/contract/invocation.js'
import { failed } from '../../../runtime/contract/outcome.js'
import { DECISION, functionSpec, newRelease, objectWork, requestWork, T0 } from '../../support/database-work.js'
import { eventually } from '../../support/eventually.js'
import { FakeStore, refused, unavailable } from '../../support/fake-store.js'
import { FakeCallBackend } from '../../support/fake-call-backend.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const DUE = { ...DECISION, eligible: ['lambda' as const], spillAt: T0 }
const USAGE = { billedMs: 1000, memorySize: 1024, ephemeralStorageSize: 512, architecture: 'x86_64' as const }
const SUCCEEDED = { outcome: 'succeeded' as const, outputs: ['a.txt'], exitCode: 0 }

describe('calls', () => {
  const directory = temporaryDirectory()
  let database: Database
  let store: ObjectStore
  let mayCall: boolean
  let ofAws: boolean
  let now: number
  /** What the storage says to whoever stages a result there. */
  let fault: Error | undefined
  let waited: string[]
  let pauses: number
  let closing: AbortController

  beforeEach(async () => {
    mayCall = true
    ofAws = false
    now = T0
    for (const bucket of ['in', 'out']) mkdirSync(join(directory(), 'data', bucket), { recursive: true })
    store = openStorage('here', { type: 'directory', path: join(directory(), 'data') })
    const fill = store.fill.bind(store)
    store.fill = (request, content) => (fault ? Promise.reject(fault) : fill(request, content))
    fault = undefined
    waited = []
    pauses = 0
    closing = new AbortController()
    database = await openDatabase(`sqlite:${join(directory(), 'spillway.db')}`)
    await database.putRelease(
      newRelease('f', { spec: functionSpec({ output: 'here://out/', retries: { minDelay: 0 } }) }),
    )
  })
  afterEach(() => database.close())

  /** A life of the dispatcher, as far as calls are concerned. */
  function live(free?: number) {
    const backends: FakeCallBackend[] = []
    const outages = new Outages({ store: () => store, now: () => now, log: () => undefined, onOver: () => undefined })
    const outputs = new OutputGrants({
      outages,
      book: new GrantsInMemory(),
      store: () => store,
      origin: () => '',
      token: () => '',
    })
    const { signal } = closing
    const pause = async () => {
      pauses++
      await turn(undefined, { signal })
    }
    const release = async (name: string, number: number) => (await database.getRelease(name, number))!
    const settle = new Settle({
      database,
      outputs,
      store: () => store,
      storages: () => [store],
      release,
      costOf: () => undefined,
      now: () => now,
      random: () => 0,
      afterFailure: async () => undefined,
      onSettled: () => undefined,
      onAway: (place, thrown) => void outages.noteOutput(place, thrown),
      pause: async () => undefined,
      onInterrupted: (_, thrown) => assert.fail(String(thrown)),
    })
    const budgets = new Budgets()
    const bills: Bills = new Bills({
      database,
      backends: { worker: () => undefined },
      budgets,
      calls: () => calls,
      release,
      now: () => now,
      log: (_, message) => assert.fail(message),
    })
    const calls = new Calls({
      database,
      bills,
      claims: {
        claim: async (request) => (mayCall ? database.claim(request) : undefined),
        setAside: async (work, { until: notBefore, why, place }) => {
          const held = await database.unclaim(work, now, { why, notBefore })
          const { function: name, release } = work
          if (place) await database.setAside({ function: name, release, place, why, notBefore, now })
          return held
        },
      },
      outages,
      settle,
      home: new BringHome({
        database,
        outputs,
        settle,
        release,
        isAwsS3: () => ofAws,
        signal,
        pause,
        onWaiting: ({ invocation }, why) => waited.push(`${invocation}: ${why}`),
      }),
      pause,
      logs: new LogBook(join(directory(), 'logs'), () => undefined),
      backends,
      store: () => store,
      release,
      awsStorage: () => (ofAws ? { region: 'eu-west-1' } : undefined),
      priceOf: (_, { billedMs }) => billedMs / 1e6,
      leaseMs: 30_000,
      now: () => now,
      log: (_, message) => (signal.aborted ? waited.push(message) : assert.fail(message)),
      onRoom: () => undefined,
    })
    const backend = new FakeCallBackend(calls.host(), free)
    backends.push(backend)
    return { bills, budgets, calls, backend, outages, spill: async () => calls.spill(await database.backlogs(100)) }
  }

  const accept = async (...work: NewInvocation[]) => (await database.accept(work)).map(({ id }) => id)
  const due = (key: string, changes: Partial<NewInvocation> = {}) => objectWork('f', key, { decision: DUE, ...changes })
  const ended = (id: string, state: string) =>
    eventually(async () => {
      const record = await database.getInvocation(id)
      return record?.state === state && record
    })

  it('spill what is due, the input at hand, and no more than there is room for', async () => {
    writeFileSync(join(directory(), 'data', 'in', 'a'), 'hello')
    const [first] = await accept(
      due('a'),
      due('b', { decision: { ...DUE, spillAt: T0 + 1 } }),
      due('c', { decision: DECISION }),
    )
    const { backend, spill } = live(2)
    await spill()
    assert.deepEqual(
      backend.started.map(({ id }) => id),
      [attemptId(first!, 1)],
    )
    const { document, input } = backend.started[0]!
    assert.deepEqual([document.objectKey, document.limits.deadlineMs], ['a', T0 + 300_000])
    assert.ok(input.kind === 'content')
    assert.equal(await text(await input.open()), 'hello')
    now = T0 + 1
    await accept(due('d'))
    await spill()
    assert.equal(backend.started.length, 2)
  })

  it('let functions on AWS read what is in AWS’s own S3 themselves', async () => {
    ofAws = true
    await accept(due('a'))
    const { backend, spill } = live()
    await spill()
    const { input } = backend.started[0]!
    assert.deepEqual([input.kind, input.name, 'region' in input && input.region], ['s3', 'a', 'eu-west-1'])
  })

  it('wait while the back-end may not be called', async () => {
    const [id] = await accept(due('a'))
    mayCall = false
    const { backend, spill } = live()
    await spill()
    assert.deepEqual([backend.started, (await database.getInvocation(id!))?.state], [[], 'queued'])
  })

  it('bring the results home, then clear the staging place, and keep what it cost', async () => {
    const [id] = await accept({ ...requestWork('f', null, Buffer.from('{"n":1}')), decision: DUE })
    const { backend, spill } = live()
    await spill()
    assert.deepEqual(backend.started[0]!.document.event, { n: 1 })
    const attempt = attemptId(id!, 1)
    backend.end(
      attempt,
      { outcome: 'succeeded', outputs: ['a.txt', 'sub/b.txt'], exitCode: 0 },
      {
        results: { 'a.txt': 'one', 'sub/b.txt': 'two' },
        usage: USAGE,
      },
    )
    const record = await ended(id!, 'succeeded')
    assert.deepEqual(
      record.outputs.map(({ key, size }) => [key, size]),
      [
        ['a.txt', 3],
        ['sub/b.txt', 3],
      ],
    )
    assert.equal(await text(await store.read({ bucket: 'out', key: 'sub/b.txt' })), 'two')
    assert.equal(record.tries[0]!.cost, 0.001)
    await eventually(() => backend.forgotten.includes(attempt))
    assert.deepEqual(await database.spending(T0), [{ function: 'f', hour: T0, cost: 0.001 }])
  })

  it('try again what failed, and pay for both', async () => {
    const [id] = await accept(due('a'))
    const { backend, spill } = live()
    await spill()
    backend.end(attemptId(id!, 1), failed({ cause: 'script-exit', message: 'exit code 3', exitCode: 3 }), {
      usage: USAGE,
    })
    await ended(id!, 'queued')
    await spill()
    assert.equal(backend.started[1]!.id, attemptId(id!, 2))
    backend.end(attemptId(id!, 2), { outcome: 'succeeded', outputs: [], exitCode: 0 }, { usage: USAGE })
    assert.deepEqual(
      (await ended(id!, 'succeeded')).tries.map(({ cost }) => cost),
      [0.001, 0.001],
    )
  })

  it('take nothing of an attempt that was lost or cancelled, and pay for it', async () => {
    const [lost, cancelled] = await accept(due('a'), due('b'))
    const { budgets, calls, backend, spill } = live()
    await spill()
    for (const id of [lost!, cancelled!]) budgets.started({ invocation: id, attempt: 1, function: 'f' }, 1, T0)
    await database.cancel(cancelled!, T0)
    calls.cancelled(cancelled!)
    assert.deepEqual(backend.cancelled, [attemptId(cancelled!, 1)])
    await database.cancel(lost!, T0)
    for (const id of [lost!, cancelled!])
      backend.end(
        attemptId(id, 1),
        { outcome: 'succeeded', outputs: ['a.txt'], exitCode: 0 },
        { results: { 'a.txt': 'late' }, usage: USAGE },
      )
    await eventually(() => backend.forgotten.length === 2)
    assert.equal(await store.head({ bucket: 'out', key: 'a.txt' }), undefined)
    for (const id of [lost!, cancelled!]) assert.equal((await database.getInvocation(id))!.tries[0]!.cost, 0.001)
    assert.deepEqual(await database.spending(T0), [{ function: 'f', hour: T0, cost: 0.002 }])
    assert.equal(budgets.of('f').lastHour(T0).toFixed(6), '0.002000')
    backend.host.onAlive(attemptId(lost!, 1))
  })

  it('find out in the next life what an attempt has used that was cancelled, and pay once', async () => {
    const [id] = await accept(due('a'))
    const [first, second] = [live(), live()]
    await first.spill()
    await database.cancel(id!, T0)
    second.bills.look()
    await second.bills.idle()
    assert.deepEqual(
      second.backend.woundUp.map((call) => call.id),
      [attemptId(id!, 1)],
    )
    for (const { backend } of [first, second])
      backend.end(attemptId(id!, 1), failed({ cause: 'cancelled', message: 'late' }), { usage: USAGE })
    await eventually(() => [first, second].every(({ backend }) => backend.forgotten.length === 1))
    assert.deepEqual(await database.spending(T0), [{ function: 'f', hour: T0, cost: 0.001 }])
    now += 60_000
    second.bills.look()
    await second.bills.idle()
    assert.equal(second.backend.woundUp.length, 1)
  })

  it('find out what many have used a part at a time, and are not held up by what nobody can tell', async () => {
    const ids = await accept(...Array.from({ length: 60 }, (_, i) => due(`a${i}`)))
    const [first, second] = [live(), live()]
    await first.spill()
    for (const id of ids) await database.cancel(id, T0)
    const woundUp = async () => {
      second.bills.look()
      await second.bills.idle()
      now += 10_000
      return second.backend.woundUp.length
    }
    assert.deepEqual([await woundUp(), await woundUp()], [50, 60])
    assert.deepEqual(new Set(second.backend.woundUp.map(({ id }) => id)), new Set(ids.map((id) => attemptId(id, 1))))
    const untold = second.backend.woundUp[0]!.id
    second.backend.end(untold, failed({ cause: 'cancelled', message: 'no answer' }))
    await eventually(async () => (await woundUp()) === 61)
    assert.equal(second.backend.woundUp.at(-1)!.id, untold)
  })

  it('ask again for what nobody knew, and leave what tells it in the staging place', async () => {
    const [unknown, free] = await accept(due('a'), due('b'))
    const { bills, backend, spill } = live()
    await spill()
    const gone = failed({ cause: 'backend-unavailable', message: 'no answer' })
    backend.end(attemptId(unknown!, 1), gone)
    backend.end(attemptId(free!, 1), gone, { usage: 'none' })
    await ended(free!, 'queued')
    await ended(unknown!, 'queued')
    await eventually(async () => {
      now += 10_000
      bills.look()
      await bills.idle()
      return backend.forgotten.length === 1 && backend.woundUp.length === 1
    })
    assert.deepEqual(
      [backend.forgotten, backend.woundUp.map((call) => call.id)],
      [[attemptId(free!, 1)], [attemptId(unknown!, 1)]],
    )
    assert.equal((await database.getInvocation(free!))!.tries[0]!.cost, 0)
  })

  it('keep the lease of what is alive', async () => {
    const [id] = await accept(due('a'))
    const { backend, spill } = live()
    await spill()
    now = T0 + 20_000
    backend.host.onAlive(attemptId(id!, 1))
    await eventually(
      async () => (await database.runningAttempt({ invocation: id!, attempt: 1 }))?.leaseUntil === T0 + 50_000,
    )
  })

  it('go on in the next life of the dispatcher', async () => {
    const [id] = await accept(due('a'))
    await live().spill()
    const { calls, backend } = live()
    await calls.takeUp(await database.runningAttempts())
    assert.deepEqual(
      backend.resumed.map((call) => call.id),
      [attemptId(id!, 1)],
    )
    backend.end(
      attemptId(id!, 1),
      { outcome: 'succeeded', outputs: ['a.txt'], exitCode: 0 },
      { results: { 'a.txt': 'x' } },
    )
    assert.equal((await ended(id!, 'succeeded')).outputs.length, 1)
  })

  for (const code of ['storage-unavailable', 'storage-refused', 'aws-refused'] as const)
    it(`wait with results while there is ${code}, however long: run once, paid once`, async () => {
      const [id] = await accept(due('a'))
      const { backend, spill } = live()
      await spill()
      fault = new SpillwayError(code, 'here: not now')
      backend.end(attemptId(id!, 1), SUCCEEDED, { results: { 'a.txt': 'dear' }, usage: USAGE })
      await eventually(() => pauses > 100)
      assert.deepEqual([backend.forgotten, waited], [[], [`${id}: here: not now`]])
      assert.equal((await database.getInvocation(id!))?.state, 'running')
      fault = undefined
      const record = await ended(id!, 'succeeded')
      assert.deepEqual(
        record.tries.map(({ cost, cause }) => [cost, cause]),
        [[0.001, undefined]],
      )
      assert.equal(await text(await store.read({ bucket: 'out', key: 'a.txt' })), 'dear')
      await eventually(() => backend.forgotten.length === 1)
    })

  it('wait with staged results while their storage refuses, as it did not before', async () => {
    const [id] = await accept(due('a'))
    const publish = store.publish.bind(store)
    let tries = 0
    store.publish = (ticket) => (tries++ < 3 ? Promise.reject(refused()) : publish(ticket))
    const { backend, spill } = live()
    await spill()
    backend.end(attemptId(id!, 1), SUCCEEDED, { results: { 'a.txt': 'dear' }, usage: USAGE })
    assert.equal((await ended(id!, 'succeeded')).attempts, 1)
    assert.equal(tries, 4)
  })

  it('and across a restart', async () => {
    const [id] = await accept(due('a'))
    const first = live()
    await first.spill()
    fault = new SpillwayError('storage-unavailable', 'here: it does not answer')
    first.backend.end(attemptId(id!, 1), SUCCEEDED, { results: { 'a.txt': 'dear' }, usage: USAGE })
    await eventually(() => pauses > 3)
    closing.abort()
    await first.calls.idle()
    assert.deepEqual([first.backend.forgotten, first.backend.started.length], [[], 1])
    assert.match(waited.at(-1) ?? '', /brought home at the next start/)

    closing = new AbortController()
    const second = live()
    await second.calls.takeUp(await database.runningAttempts())
    fault = undefined
    second.backend.end(attemptId(id!, 1), SUCCEEDED, { results: { 'a.txt': 'dear' }, usage: USAGE })
    assert.deepEqual(
      (await ended(id!, 'succeeded')).tries.map(({ cost }) => cost),
      [0.001],
    )
  })

  it('wait no longer when somebody cancels meanwhile', async () => {
    const [id] = await accept(due('a'))
    const { calls, backend, spill } = live()
    await spill()
    fault = new SpillwayError('storage-unavailable', 'here: it does not answer')
    backend.end(attemptId(id!, 1), SUCCEEDED, { results: { 'a.txt': 'dear' }, usage: USAGE })
    await eventually(() => pauses > 3)
    await database.cancel(id!, T0)
    calls.cancelled(id!)
    await eventually(() => backend.forgotten.includes(attemptId(id!, 1)))
    assert.deepEqual(backend.cancelled, [attemptId(id!, 1)])
    assert.equal(await store.head({ bucket: 'out', key: 'a.txt' }), undefined)
  })

  it('bring many results home, several at once, each to all of its places', async () => {
    await database.putRelease(newRelease('f', { spec: functionSpec({ output: ['here://out/', 'here://out/again/'] }) }))
    const [id] = await accept(due('a', { release: 2 }))
    const { backend, spill } = live()
    await spill()
    const names = Array.from({ length: 20 }, (_, index) => `${index}.txt`)
    const results = Object.fromEntries(names.map((name) => [name, `content of ${name}`]))
    backend.end(attemptId(id!, 1), { ...SUCCEEDED, outputs: names }, { results })
    const record = await ended(id!, 'succeeded')
    assert.deepEqual(
      record.outputs.map(({ key }) => key),
      names.flatMap((name) => [name, `again/${name}`]),
    )
    assert.equal(await text(await store.read({ bucket: 'out', key: 'again/19.txt' })), 'content of 19.txt')
  })

  it('have AWS’s own S3 copy results from the staging bucket, unless it may not', async () => {
    const copied: unknown[] = []
    store.fillFrom = async ({ key }, source) => {
      copied.push([key, source])
      return undefined
    }
    for (const isAws of [true, false]) {
      ofAws = isAws
      const [id] = await accept(due(String(isAws)))
      const { backend, spill } = live()
      await spill()
      backend.end(attemptId(id!, 1), SUCCEEDED, { results: { 'a.txt': 'by stream' } })
      await ended(id!, 'succeeded')
    }
    assert.deepEqual(copied, [['a.txt', { bucket: 'staging', key: 'a.txt' }]])
    assert.equal(await text(await store.read({ bucket: 'out', key: 'a.txt' })), 'by stream')
  })

  it('set work aside whose storage is away, call for no more of it, and lose nothing', async () => {
    const away = new FakeStore()
    store = away.asStore()
    const [id] = await accept(due('a'), due('b'))
    const { backend, outages, spill } = live(1)
    await spill()
    const { input } = backend.started[0]!
    assert.ok(input.kind === 'content')
    away.isAway()
    await assert.rejects(input.open(), unavailable())
    backend.end(attemptId(id!, 1), failed({ cause: 'backend-unavailable', message: 'the input could not be staged' }))
    const record = await ended(id!, 'queued')
    assert.deepEqual([record.attempts, record.tries], [0, []])
    assert.equal(record.notBefore, T0 + 1000)
    backend.free = 10
    await spill()
    assert.equal(backend.started.length, 1, 'held while the storage is away')
    away.isBack()
    now += 1000
    outages.look()
    await eventually(() => !outages.of({ storage: 'here', bucket: 'in' }))
    await database.wakeDue(now)
    await spill()
    assert.equal(backend.started.length, 3)
  })

  it('fail an attempt whose input is gone', async () => {
    const [id] = await accept(due('a'))
    const { backend, spill } = live()
    await spill()
    const { input } = backend.started[0]!
    assert.ok(input.kind === 'content')
    await assert.rejects(input.open(), /no such file/)
    backend.end(attemptId(id!, 1), failed({ cause: 'input-missing', message: 'gone' }))
    assert.equal((await ended(id!, 'failed')).cause, 'input-missing')
  })

  it('fail an attempt whose results cannot be brought home, and say why', async () => {
    const [id] = await accept(due('a'))
    const { backend, spill } = live()
    await spill()
    backend.end(
      attemptId(id!, 1),
      { outcome: 'succeeded', outputs: ['../x'], exitCode: 0 },
      { results: { '../x': 'out' } },
    )
    const record = await ended(id!, 'failed')
    assert.equal(record.cause, 'output-refused')
    assert.match(record.message!, /no proper relative path/)
  })
})
