/** What becomes of work whose storage is away, with a real database; the clock is an argument. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Changes } from '../../../dispatcher/changes.js'
import type { Database } from '../../../dispatcher/database/database.js'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { Outages } from '../../../dispatcher/outages.js'
import type { Settle } from '../../../dispatcher/outcomes/settle.js'
import { HandOut, type HandedOut } from '../../../dispatcher/workers/hand-out.js'
import { InputGrants } from '../../../dispatcher/workers/input-grants.js'
import { WorkerBook } from '../../../dispatcher/workers/worker-book.js'
import type { Failed } from '../../../runtime/contract/outcome.js'
import type { WorkerClaims } from '../../../runtime/contract/runtime-api.js'
import { functionSpec, newRelease, objectWork, requestWork, T0 } from '../../support/database-work.js'
import { eventually } from '../../support/eventually.js'
import { FakeStore } from '../../support/fake-store.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const HOUR_MS = 3_600_000
const WORKER: WorkerClaims = {
  function: 'f',
  release: 1,
  backend: 'local',
  worker: 'w',
  sharesDisk: true,
  expiresAt: T0 * 2,
}

describe('handing out', () => {
  const directory = temporaryDirectory()
  const { signal } = new AbortController()
  let database: Database
  let store: FakeStore
  let outages: Outages
  let handOut: HandOut
  let failures: Failed[]
  let told: string[]
  let now: number
  /** What was taken out of the queue. */
  let claims: number

  beforeEach(async () => {
    store = new FakeStore()
    failures = []
    told = []
    now = T0
    claims = 0
    database = await openDatabase(`sqlite:${join(directory(), 'spillway.db')}`)
    const log = (_level: string, message: string) => void told.push(message)
    outages = new Outages({ store: () => store.asStore(), now: () => now, log, onOver: () => undefined })
    const book = new WorkerBook()
    book.admit(WORKER)
    handOut = new HandOut({
      database,
      claims: {
        claim: async (request) => {
          const claim = await database.claim(request)
          if (claim) claims++
          return claim
        },
        unclaim: (ref, back) => database.unclaim(ref, now, back),
        setAside: async (work, { until: notBefore, why, place }) => {
          const held = await database.unclaim(work, now, { why, notBefore })
          const { function: name, release } = work
          if (place) await database.setAside({ function: name, release, place, why, notBefore, now })
          return held
        },
      },
      book,
      changes: new Changes(),
      settle: { fail: async (_: unknown, outcome: Failed) => void failures.push(outcome) } as unknown as Settle,
      grants: new InputGrants({ store: () => store.asStore(), origin: () => '', token: () => '' }),
      outages,
      release: async (name, number) => (await database.getRelease(name, number))!,
      leaseMs: 30_000,
      now: () => now,
      isDraining: () => false,
      meet: async () => undefined,
    })
  })
  afterEach(() => database.close())

  const register = (input: string[]) =>
    database.putRelease(newRelease('f', { spec: functionSpec({ input: input.map((place) => `here://${place}`) }) }))
  const accept = (...keys: string[]) =>
    database.accept(keys.map((key) => objectWork('f', key.split('/').at(-1)!, withBucket(key))))
  const next = () => handOut.nextAtOnce(WORKER, signal)
  const keyOf = (handed: HandedOut | undefined) => handed?.document.objectKey

  /** One round of the dispatcher, and a worker that asks. */
  async function round(): Promise<string | undefined> {
    outages.look()
    await new Promise((resolve) => setImmediate(resolve))
    await database.wakeDue(now)
    return keyOf(await next())
  }

  for (const why of ['unavailable', 'refused'] as const)
    it(`fails nothing while a storage is ${why} for hours, and goes on by itself`, async () => {
      await register(['in/'])
      const keys = Array.from({ length: 30 }, (_, index) => `in/${index}`)
      await accept(...keys)
      store.isAway(why)
      for (; now < T0 + 6 * HOUR_MS; now += 10_000) assert.equal(await round(), undefined)
      const { invocations } = await database.listInvocations({ limit: 100 })
      assert.deepEqual([...new Set(invocations.map(({ state, attempts }) => `${state} ${attempts}`))], ['queued 0'])
      assert.ok(store.asked.length < 6 * 60 + 20, `asked ${store.asked.length} times`)
      assert.equal(told.length, 1, told.join('\n'))
      store.isBack()
      now += 60_000
      const handed = new Set<string | undefined>()
      await eventually(async () => handed.add(await round()).size > 30 || handed.size === 30)
      assert.equal(handed.has(undefined) ? handed.size - 1 : handed.size, 30)
      assert.deepEqual(failures, [])
    })

  it('takes next to nothing out of the queue of a bucket that refuses for hours beside another, and says why once', async () => {
    await register(['in/', 'other/'])
    const accepted = await accept(...Array.from({ length: 30 }, (_, index) => `in/${index}`))
    store.refuses(({ bucket }) => bucket === 'in')
    for (let before = -1; now < T0 + 2 * HOUR_MS; now += 10_000)
      for (assert.equal(await round(), undefined); before < claims; before = claims) await next()
    assert.ok(claims < 2 * 60 + 40, `taken ${claims} times`)
    for (const { id } of accepted) {
      const { moves, state, attempts } = (await database.getInvocation(id))!
      assert.deepEqual(
        [state, attempts, ...moves.map(({ to, why }) => `${to} ${why ? 'because' : ''}`)],
        ['queued', 0, 'accepted ', 'queued ', 'queued because'],
      )
    }
    store.isBack()
    now += 60_000
    const handed = new Set<string | undefined>()
    await eventually(async () => handed.add(await round()).size > 30)
    assert.deepEqual(failures, [])
  })

  it('says in the record why work waits', async () => {
    await register(['in/'])
    const [work] = await accept('in/a')
    store.isAway('refused')
    await next()
    const record = await database.getInvocation(work!.id)
    assert.match(record!.moves.at(-1)!.why!, /does not take the keys/)
    assert.deepEqual([record!.state, record!.tries], ['queued', []])
  })

  it('fails at once what is gone', async () => {
    await register(['in/'])
    await accept('in/a')
    store.lost('a')
    assert.equal(await next(), undefined)
    assert.deepEqual(
      failures.map(({ cause }) => cause),
      ['input-missing'],
    )
  })

  it('sets aside one object that is refused, and goes on with the others', async () => {
    await register(['in/'])
    await accept('in/bad', 'in/good', 'in/fine')
    store.refuses(({ key }) => key === 'bad')
    assert.equal(await next(), undefined)
    await eventually(() => !outages.of({ storage: 'here', bucket: 'in' }))
    assert.deepEqual([keyOf(await next()), keyOf(await next())], ['good', 'fine'])
    assert.deepEqual(failures, [])
    store.isBack()
    now += 1000
    assert.equal(await round(), 'bad')
  })

  it('a storage may take its time: the worker has a whole lease from when it hears of the attempt', async () => {
    await register(['in/'])
    const [slow, cancelled] = await accept('in/slow', 'in/cancelled')
    store.onGrant = async () => void (now += 20_000)
    assert.equal(keyOf(await next()), 'slow')
    const [attempt] = await database.runningAttempts()
    assert.deepEqual([attempt!.invocation, attempt!.leaseUntil], [slow!.id, now + 30_000])
    store.onGrant = async () => {
      now += 20_000
      await database.cancel(cancelled!.id, now)
    }
    assert.equal(await next(), undefined)
  })

  it('takes back what a worker is not there for any more when its storage has answered', async () => {
    await register(['in/'])
    const [work] = await accept('in/a')
    const connection = new AbortController()
    store.onGrant = async () => connection.abort()
    assert.equal(await handOut.nextAtOnce(WORKER, connection.signal), undefined)
    const { state, attempts, tries } = (await database.getInvocation(work!.id))!
    assert.deepEqual([state, attempts, tries], ['queued', 0, []])
    store.onGrant = async () => undefined
    assert.equal(keyOf(await next()), 'a')
  })

  it('goes on with other buckets while one refuses, and holds requests only where nothing can be read', async () => {
    await register(['in/', 'other/'])
    await accept('in/a', 'in/b', 'other/c')
    await database.accept([requestWork('f', null, Buffer.from('hello'))])
    store.refuses(({ bucket }) => bucket === 'in')
    assert.equal(await next(), undefined)
    assert.equal(await next(), undefined)
    const handed = [await next(), await next()]
    assert.deepEqual(
      handed.map((one) => one?.document.objectKey),
      ['c', undefined],
    )
    assert.equal(handed[1]?.document.wantsResult, true)
    assert.deepEqual(failures, [])
  })
})

function withBucket(place: string) {
  const [bucket, key] = place.split('/') as [string, string]
  const event = { storage: 'here', bucket, key, size: 5, etag: 'e', time: new Date(T0).toISOString() }
  return { identity: place, input: { kind: 'object' as const, event } }
}
