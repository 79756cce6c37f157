/** Order, limits and costs of the queue in PostgreSQL: with many who claim at once, and with many who wait. */
import assert from 'node:assert/strict'
import type { ClaimRequest, Database } from '../../dispatcher/database/database.js'
import { openPostgres } from '../../dispatcher/database/postgres.js'
import { accept } from '../../dispatcher/database/postgres/accept.js'
import { readPostgresUrl } from '../../dispatcher/database/postgres/address.js'
import { claim } from '../../dispatcher/database/postgres/claim.js'
import { Session, type SessionOptions } from '../../dispatcher/database/postgres/session.js'
import type { PostgresStatement } from '../../dispatcher/database/postgres/statements.js'
import { renewLease, runningAttempt, runningAttempts } from '../../dispatcher/database/sql/attempts.js'
import { cancel, removeFunction } from '../../dispatcher/database/sql/cancel.js'
import { getBody } from '../../dispatcher/database/sql/functions.js'
import { getInvocation, listInvocations } from '../../dispatcher/database/sql/record.js'
import { redrive, redriveFunction } from '../../dispatcher/database/sql/redrive.js'
import { beginPublishing, settle } from '../../dispatcher/database/sql/settle.js'
import type { Statement } from '../../dispatcher/database/sql/statement.js'
import { setAside } from '../../dispatcher/database/sql/set-aside.js'
import { unclaim } from '../../dispatcher/database/sql/unclaim.js'
import { nextDue, wakeDue } from '../../dispatcher/database/sql/waiting.js'
import { newRelease, objectWork, requestWork, success, SUCCEEDED, T0 } from '../support/database-work.js'
import { longQueueSuite } from '../suites/long-queue.suite.js'
import { postgresServer } from './programs/postgres.js'

const CLAIMERS = 4

const CLAIM: ClaimRequest = {
  function: 'f',
  release: 1,
  backend: 'local',
  worker: 'w',
  now: T0,
  leaseUntil: T0 + 1,
}

describe('postgres: the queue', function () {
  this.timeout(120_000)
  const server = postgresServer({ settings: { fsync: 'off', autovacuum: 'off' } })
  const sessions: Session[] = []

  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.close()
  })

  const connected = async (name: string, count: number, plans?: SessionOptions['plans']) => {
    const address = readPostgresUrl(server().url(name))
    const opened = await Promise.all(Array.from({ length: count }, () => Session.open({ address, plans })))
    sessions.push(...opened)
    return opened
  }
  const filled = async (name: string, count: number): Promise<string[]> => {
    const database = await openPostgres(await server().createDatabase(name))
    await database.putRelease(newRelease('f'))
    const work = Array.from({ length: count }, (_, i) => objectWork('f', `k${i}`))
    if (count > 0) await database.accept(work)
    await database.close()
    return work.map(({ id }) => id)
  }
  /** Claims in a transaction of its own. */
  const claimOn = async (session: Session, changes: Partial<ClaimRequest> = {}, log: string[] = []) => {
    const write = claim({ ...CLAIM, ...changes }, 1)
    const found = write.read(await session.begin(write.statements))
    if (found) log.push(found.invocation)
    await session.commit()
    return found
  }

  it(`is handed out in order, each piece once, to ${CLAIMERS} who claim at once`, async () => {
    const ids = await filled('order', 120)
    const log: string[] = []
    const claimAll = async (session: Session) => {
      while (await claimOn(session, {}, log));
    }
    await Promise.all((await connected('order', CLAIMERS)).map(claimAll))
    assert.deepEqual(log, ids)
  })

  it(`keeps to the concurrency of a function with ${CLAIMERS} who claim at once`, async () => {
    await filled('limit', 60)
    const all = await connected('limit', CLAIMERS)
    for (const concurrency of [5, 6, 12]) {
      const claims = all.flatMap((session) => [1, 2, 3].map(() => () => claimOn(session, { concurrency })))
      const lanes = all.map((_, lane) => claims.slice(lane * 3, lane * 3 + 3))
      await Promise.all(
        lanes.map(async (lane) => {
          for (const next of lane) await next()
        }),
      )
      const [row] = await server().query<{ count: string }>(
        'limit',
        `SELECT count(*) FROM spillway.invocations WHERE state = 'running'`,
      )
      assert.equal(Number(row!.count), concurrency)
    }
  })

  it('passes by what somebody else is just changing', async () => {
    const ids = await filled('passed', 3)
    const [one, other] = await connected('passed', 2)
    await one!.begin([{ sql: 'SELECT 1 FROM invocations WHERE id = ? FOR UPDATE', values: [ids[0]!] }])
    assert.equal((await claimOn(other!))?.invocation, ids[1])
    await one!.rollBack()
    assert.equal((await claimOn(other!))?.invocation, ids[0])
  })

  describe('that is long', () => {
    const made = new Set<string>()
    const columns =
      'id, function, release, state, not_before, identity, accepted_at, ended_at, input, decision, eligible, moves'
    /** That many ready, delayed and ended. */
    const long = async (count: number): Promise<Database> => {
      const name = `long${count}`
      if (made.has(name)) return openPostgres(server().url(name))
      made.add(name)
      const url = await server().createDatabase(name)
      const database = await openPostgres(url)
      await database.putRelease(newRelease('f'))
      await database.close()
      await server().query(
        name,
        `INSERT INTO spillway.invocations (${columns})
         SELECT 'id' || i, 'f', 1, CASE WHEN i % 3 = 2 THEN 'succeeded' ELSE 'queued' END,
           CASE WHEN i % 3 = 1 THEN ${T0} + 1000000 + i ELSE 0 END, 'identity' || i, ${T0} + i,
           CASE WHEN i % 3 = 2 THEN ${T0} + i END, '{}', '{}', 1, '[{}]'
         FROM generate_series(0, ${3 * count - 1}) AS i`,
      )
      return openPostgres(url)
    }

    longQueueSuite({ name: 'postgres', filled: long })

    it('is never walked through, whether the server has counted it or not', async () => {
      await (await long(100_000)).close()
      assert.deepEqual(await walks('long100000'), [])
      await server().query('long100000', 'ANALYZE')
      assert.deepEqual(await walks('long100000'), [])
    })

    it('is not walked through later either when plans were made while it was empty', async () => {
      await filled('empty', 0)
      assert.deepEqual(await walks('empty'), [])
    })

    const walks = async (name: string) => {
      const [writer] = await connected(name, 1)
      const [reader] = await connected(name, 1, 'by-value')
      return [...(await walksOf(writer!, writes())), ...(await walksOf(reader!, reads()))]
    }
  })
})

const REF = { invocation: 'i', attempt: 1 }

/** One of every kind that looks for invocations, attempts or bodies. */
const writes = (): PostgresStatement[] =>
  [
    accept([[objectWork('f', 'k'), requestWork('f', 'k', Buffer.from('x'))]]),
    ...(['local', 'lambda'] as const).flatMap((backend) =>
      [undefined, 9].map((concurrency) => claim({ ...CLAIM, backend, concurrency }, 1)),
    ),
    unclaim(REF, T0, { why: 'away', notBefore: T0 + 1 }),
    setAside({ function: 'f', release: 1, place: { storage: 's' }, why: 'away', notBefore: T0 + 1, now: T0 }),
    renewLease(REF, T0),
    beginPublishing(REF, { outcome: SUCCEEDED, staged: [] }),
    settle(success({ ...REF, cost: 1 })),
    cancel('i', T0),
    redrive('i', T0),
    redriveFunction('f', T0),
    removeFunction('f', T0),
    wakeDue(T0),
  ].flatMap(({ statements }): readonly PostgresStatement[] => statements)

function reads(): Statement[] {
  const cursor = Buffer.from(`${T0 + 1e6}.1`).toString('base64url')
  const filters = [{}, { function: 'f' }, { state: 'failed' }, { function: 'f', state: 'failed' }] as const
  const lists = filters.flatMap((filter) =>
    [{}, { since: T0 }, { cursor }, { since: T0, cursor }].map((more) =>
      listInvocations({ ...filter, ...more, limit: 9 }),
    ),
  )
  return [
    ...lists,
    runningAttempt(REF),
    runningAttempts(),
    runningAttempts(T0),
    getInvocation('i'),
    getBody('i'),
    nextDue(),
  ]
}

/** Steps of plans that look at more than they need, each with its statement. */
async function walksOf(session: Session, statements: PostgresStatement[]): Promise<string[]> {
  const found: string[] = []
  for (const { sql, values } of statements) {
    const { rows } = await session.query({ sql: `EXPLAIN ${sql}`, values })
    const plan = rows.map((row) => (row as Record<string, string>)['QUERY PLAN']).join('\n')
    const steps = plan.split(/(?=->)/).filter(isWalk)
    found.push(...steps.map((step) => `${sql.trim().slice(0, 200)} ...: ${step.trim()}`))
  }
  return found
}

/** What they hold is what is asked for, or the end of it. */
const MAY_BE_READ_IN_ORDER = /using (attempts_running_by_age|invocations_by_time|invocations_delayed) /

/** What an index must find, as nothing else narrows the search down. */
const MUST_BE_FOUND = /\b(id|identity|state|eligible|invocation) = (?!ANY)|accepted_at/

function isWalk(node: string): boolean {
  if (/Seq Scan on (invocations|attempts|bodies)\b|Sort Key: .*accepted_at/.test(node)) return true
  if (!/Scan.* on (invocations|attempts|bodies)\b/.test(node)) return false
  const condition = /Index Cond: (.*)/.exec(node)?.[1]
  if (condition === undefined) return !MAY_BE_READ_IN_ORDER.test(node)
  return MUST_BE_FOUND.test(/Filter: (.*)/.exec(node)?.[1] ?? '')
}
