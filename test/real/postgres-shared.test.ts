/** What several dispatchers share through one PostgreSQL: who is there, who has which duty, words, and work without a collision. */
import assert from 'node:assert/strict'
import type { Database } from '../../dispatcher/database/database.js'
import { openPostgres } from '../../dispatcher/database/postgres.js'
import { readPostgresUrl } from '../../dispatcher/database/postgres/address.js'
import { Session } from '../../dispatcher/database/postgres/session.js'
import type { Shared } from '../../dispatcher/database/shared.js'
import type { Decision } from '../../runtime/contract/decision.js'
import { newRelease, objectWork, success, SUCCEEDED, T0 } from '../support/database-work.js'
import { eventually } from '../support/eventually.js'
import { startProgram } from '../support/lines-of.js'
import { signal } from '../support/worker-pids.js'
import { postgresServer } from './programs/postgres.js'

const QUICK = { retryEveryMs: 20, patienceMs: 0 }
const TEAM = { ...QUICK, team: 'one' }
interface Format {
  version: number
}

const CLAIM = { release: 1, worker: 'w', now: T0, leaseUntil: T0 + 1e6 } as const

/** Milliseconds in which a dispatcher that stands still is cut off: 15 s of silence, a look, and a margin. */
const CUT_OFF_MS = 25_000

describe('postgres: several dispatchers', function () {
  this.timeout(120_000)
  const server = postgresServer({ settings: { fsync: 'off' } })
  let url: string
  const opened: Database[] = []
  let number = 0

  beforeEach(async () => {
    url = await server().createDatabase(`shared${++number}`)
  })
  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one.close()
  })

  const open = async (options = TEAM): Promise<{ database: Database; shared: Shared }> => {
    const database = await openPostgres(url, options)
    opened.push(database)
    const shared = database.shared!
    return { database, shared }
  }
  const database = () => new URL(url).pathname.slice(1)
  /** As when the network between a dispatcher and the server breaks: the first that opened it goes first. */
  const cutFirst = () =>
    server().query(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE datname = $1 AND locktype = 'advisory' AND classid = $2 AND objid = 1`,
      [database(), 0x53505731],
    )

  it('lets those of one team in, and none of another', async () => {
    const [one, other] = [await open(), await open()]
    await assert.rejects(openPostgres(url, { ...QUICK, team: 'two' }), {
      code: 'database-locked',
      message: /another SPILLWAY_WORKER_SECRET/,
    })
    assert.deepEqual((await one.shared.beat('here I am')).members.length, 1)
    assert.deepEqual(
      (await other.shared.beat('')).members.map(({ note }) => note),
      ['here I am'],
    )
  })

  it('brings the database to a new format only when all of before are stopped', async () => {
    await open()
    await open()
    const [{ version }] = (await server().query(database(), 'SELECT version FROM spillway.format')) as [Format]
    // What the last migration does is no more than to raise the number.
    await server().query(database(), `UPDATE spillway.format SET version = ${version - 1}`)
    await assert.rejects(openPostgres(url, TEAM), {
      code: 'database-locked',
      message: /in use by 2 dispatcher\(s\) of an older version of Spillway\. Stop all of them/,
    })
    assert.deepEqual(await server().query(database(), 'SELECT version FROM spillway.format'), [
      { version: version - 1 },
    ])
    for (const one of opened.splice(0).toReversed()) await one.close()
    await open()
    assert.deepEqual(await server().query(database(), 'SELECT version FROM spillway.format'), [{ version }])
  })

  it('has one record nothing that was cut off while a newer version took over, and say so', async () => {
    const { database: one } = await open()
    await one.putRelease(newRelease('f'))
    await server().query(database(), 'UPDATE spillway.format SET version = 99')
    await cutFirst()
    await eventually(async () => !(await one.healthy()), { what: 'the loss of the connection' })
    const outgrown = /brought to format 99 by a newer Spillway.*stop it/
    await eventually(() =>
      one.putRelease(newRelease('g')).then(
        () => assert.fail('it writes what the newer one may not be able to read'),
        ({ code, message }: { code: string; message: string }) =>
          code === 'database-unavailable' && outgrown.test(message),
      ),
    )
    assert.equal(await one.healthy(), false)
    assert.deepEqual(await server().query(database(), 'SELECT name FROM spillway.functions'), [{ name: 'f' }])
  })

  it('gives a duty to one at a time, and to another when the connection of that one is lost; that one knows', async () => {
    const [one, other] = [await open(), await open()]
    assert.deepEqual(
      [await one.shared.take('d'), await other.shared.take('d'), await other.shared.take('e')],
      [true, false, true],
    )
    await cutFirst()
    await eventually(() => other.shared.take('d'))
    await eventually(() => one.shared.isMember() && one.database.healthy(), { what: 'the return of the first one' })
    assert.deepEqual([one.shared.holds('d'), await one.shared.take('d'), other.shared.holds('d')], [false, false, true])
  })

  it('gives it to another at once when a dispatcher is killed', async () => {
    const one = startProgram('team-member.ts', [url, 'one', 'd'])
    try {
      await eventually(() => one.lines.includes('has it'))
      const { shared } = await open()
      assert.equal(await shared.take('d'), false)
      one.kill()
      await eventually(() => shared.take('d'), { timeoutMs: 2000, what: 'the duty' })
    } finally {
      one.kill()
    }
  })

  it('cuts off one that stands still, which does nothing that is its own when it wakes up', async () => {
    const one = startProgram('team-member.ts', [url, 'one', 'd'])
    try {
      await eventually(() => one.lines.includes('has it'))
      const { shared } = await open()
      await shared.beat('')
      signal(one.pid, 'SIGSTOP')
      const takesOver = async () => {
        await shared.beat('')
        return shared.take('d')
      }
      await eventually(takesOver, { timeoutMs: CUT_OFF_MS, everyMs: 100, what: 'the duty' })
      signal(one.pid, 'SIGCONT')
      await eventually(() => one.lines.at(-1) === 'has lost it', { what: 'that it notices' })
    } finally {
      one.kill()
    }
  })

  it('has the server let go of who is cut off after 25 s, also when it waits for its last answer to be received', async () => {
    const session = await Session.open({ address: readPostgresUrl(url) })
    try {
      const { rows } = await session.query({
        sql: "SELECT setting FROM pg_settings WHERE name = 'tcp_user_timeout'",
        values: [],
      })
      assert.deepEqual(rows, [{ setting: '25000' }])
    } finally {
      await session.close()
    }
  })

  it('has what a dead one looked after adopted by one other, and nothing of who is alive', async () => {
    const [one, other] = [await open(), await open()]
    await one.database.putRelease(newRelease('f'))
    const decision: Decision = { eligible: ['local', 'lambda'], spillAt: T0, reasons: [] }
    const keys = ['called', 'published', 'worked']
    await one.database.accept(keys.map((key) => objectWork('f', key, { decision })))
    const called = await one.database.claim({ ...CLAIM, function: 'f', backend: 'lambda' })
    const published = await one.database.claim({ ...CLAIM, function: 'f', backend: 'local' })
    const worked = await one.database.claim({ ...CLAIM, function: 'f', backend: 'local' })
    assert.equal(await one.database.beginPublishing(published!, { outcome: SUCCEEDED, staged: [] }), 'held')
    assert.equal(await other.database.beginPublishing(published!, { outcome: SUCCEEDED, staged: [] }), 'promised')
    assert.deepEqual(await other.shared.adopt(['lambda']), [])
    assert.ok(worked)
    await one.database.close()
    const adopted = await eventually(async () => {
      const attempts = await other.shared.adopt(['lambda'])
      return attempts.length > 0 && attempts
    })
    assert.deepEqual(
      adopted.map(({ invocation }) => invocation).sort(),
      [called!, published!].map((claim) => claim.invocation).sort(),
    )
    assert.deepEqual(await other.shared.adopt(['lambda']), [])
  })

  it('carries words to all others, and says when some may have been missed', async () => {
    const all = [await open(), await open(), await open()]
    const heard = all.map((): string[] => [])
    const gaps = all.map(() => 0)
    all.forEach(({ shared }, index) =>
      shared.listen({ onWords: (words) => heard[index]!.push(words), onGap: () => gaps[index]!++ }),
    )
    await eventually(() => gaps.every((count) => count === 1))
    await all[0]!.shared.tell('hello')
    await eventually(() => heard[1]!.length === 1 && heard[2]!.length === 1)
    assert.deepEqual(heard, [[], ['hello'], ['hello']])
    await server().query('postgres', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      database(),
    ])
    await eventually(() => gaps.every((count) => count === 2))
  })

  it('notices functions that came, changed and went', async () => {
    const [one, other] = [await open(), await open()]
    const seen = [(await other.shared.beat('')).functions]
    const note = async () => void seen.push((await other.shared.beat('')).functions)
    await one.database.putRelease(newRelease('f'))
    await note()
    await one.database.putRelease(newRelease('f', { packageDigest: 'another' }))
    await note()
    await one.database.removeFunction('f', T0)
    await note()
    assert.equal(new Set(seen).size, 4)
    await note()
    assert.equal(seen.at(-1), seen.at(-2))
  })

  it('keeps grants while the attempt runs, start tokens and dismissals, and logs', async () => {
    const [one, other] = [await open(), await open()]
    await one.database.putRelease(newRelease('f'))
    await one.database.accept([objectWork('f', 'a')])
    const claim = (await one.database.claim({ ...CLAIM, function: 'f', backend: 'local' }))!
    assert.equal(await one.shared.keepGrants(claim, 'first'), true)
    assert.equal(await other.shared.keepGrants(claim, 'second'), true)
    assert.equal(await one.shared.grants(claim), 'second')
    await one.database.settle(success(claim))
    assert.equal(await other.shared.keepGrants(claim, 'late'), false)
    await other.shared.tidy(T0)
    assert.equal(await one.shared.grants(claim), undefined)

    const spend = ({ shared }: { shared: Shared }, nonce: string) => shared.spendStart('w', nonce, T0)
    assert.deepEqual(
      [await spend(one, 'n'), await spend(other, 'n'), await spend(other, 'm')],
      ['started', 'started', 'spent'],
    )
    await one.shared.dismiss('w', T0)
    await one.shared.dismiss('x', T0)
    assert.deepEqual(
      [await spend(other, 'n'), await other.shared.isDismissed('w'), await other.shared.isDismissed('x')],
      ['dismissed', true, true],
    )
    assert.equal(await other.shared.isDismissed('y'), false)

    for (const [shared, content] of [
      [one, '1\n2\n'],
      [other, '3\n'],
      [one, '4\n5\n'],
    ] as const)
      await shared.shared.appendLog('i', { lines: content.length / 2, content })
    const read = async (skip: number) =>
      (await other.shared.readLog('i', skip)).map(({ before, content }) => [before, content])
    assert.deepEqual(await read(0), [
      [0, '1\n2\n'],
      [2, '3\n'],
      [3, '4\n5\n'],
    ])
    assert.deepEqual(await read(3), [[3, '4\n5\n']])
    assert.deepEqual(await read(4), [[3, '4\n5\n']])
    assert.deepEqual(await read(5), [])
  })

  it('keeps to the concurrency of a function over all of them', async () => {
    const all = [await open(), await open(), await open()]
    await all[0]!.database.putRelease(newRelease('f'))
    await all[0]!.database.accept(Array.from({ length: 30 }, (_, index) => objectWork('f', `${index}`)))
    const claims = all.flatMap(({ database: from }) =>
      Array.from({ length: 8 }, () => from.claim({ ...CLAIM, function: 'f', backend: 'local', concurrency: 5 })),
    )
    assert.equal((await Promise.all(claims)).filter(Boolean).length, 5)
  })

  it('takes, hands out and settles in all of them at once: each piece once, and no collision', async () => {
    const all = [await open(), await open(), await open()]
    const names = ['f', 'g', 'h']
    for (const name of names) await all[0]!.database.putRelease(newRelease(name))
    const pieces = 100
    const done = new Map<string, number>()
    const takeIn = async ({ database: to }: { database: Database }, lane: number) => {
      for (let piece = 0; piece < pieces; piece++) {
        const mine = names.map((name) => objectWork(name, `${piece}`)).toSorted(() => (lane % 2 === 0 ? 1 : -1))
        await to.accept(mine)
      }
    }
    const handOut = async ({ database: from }: { database: Database }, lane: number) => {
      for (let idle = 0; done.size < pieces * names.length && idle < 2000;) {
        const name = names[(lane + idle) % names.length]!
        const claim = await from.claim({ ...CLAIM, function: name, backend: 'local' })
        if (!claim) {
          idle++
          continue
        }
        done.set(claim.invocation, (done.get(claim.invocation) ?? 0) + 1)
        assert.equal(await from.settle(success(claim)), 'held')
      }
    }
    await Promise.all(all.flatMap((one, lane) => [takeIn(one, lane), handOut(one, lane), handOut(one, lane + 1)]))
    assert.equal(done.size, pieces * names.length)
    assert.ok([...done.values()].every((times) => times === 1))
    const deadlocks = await server().query<{ deadlocks: string }>(
      'postgres',
      'SELECT deadlocks FROM pg_stat_database WHERE datname = $1',
      [database()],
    )
    assert.equal(Number(deadlocks[0]!.deadlocks), 0)
  })
})
