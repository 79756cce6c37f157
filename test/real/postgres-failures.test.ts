/** A PostgreSQL server that dies, comes back, is cut off or belongs to somebody else: nothing acknowledged is lost, and everybody is told. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../dispatcher/database/database.js'
import { openPostgres, type PostgresOptions } from '../../dispatcher/database/postgres.js'
import { CommitCutter, type Cut } from '../support/commit-cutter.js'
import { newRelease, objectWork, requestWork, T0 } from '../support/database-work.js'
import { eventually } from '../support/eventually.js'
import { startProgram } from '../support/lines-of.js'
import { randomNumbers } from '../support/random-numbers.js'
import { PASSWORD, postgresServer } from './programs/postgres.js'

const UNAVAILABLE = { code: 'database-unavailable', status: 503, retryable: true }
const QUICK: PostgresOptions = { retryEveryMs: 20, patienceMs: 0 }
const KILLS = 10
const SEED = Date.now() % 1_000_000

const CLAIM = { function: 'f', release: 1, backend: 'local', worker: 'w', now: T0, leaseUntil: T0 + 1 } as const

describe('postgres: failures', function () {
  this.timeout(120_000)
  const server = postgresServer()
  const opened: { close(): Promise<void> }[] = []
  let number = 0

  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one.close()
  })

  const create = () => server().createDatabase(`d${++number}`)
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one)
    return one
  }
  const open = async (url: string, options = QUICK): Promise<Database> => keep(await openPostgres(url, options))
  const started = async (url: string, options = QUICK): Promise<Database> => {
    const database = await open(url, options)
    await database.putRelease(newRelease('f'))
    return database
  }
  const recovered = (database: Database) => eventually(() => database.healthy(), { what: 'a healthy database' })

  describe('the lock', () => {
    it('refuses a second dispatcher and says who has it, without harm to the first', async () => {
      const url = await create()
      const first = await started(url)
      await assert.rejects(openPostgres(url, QUICK), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'database-locked')
        assert.match(
          error.message,
          new RegExp(`in use by another dispatcher \\(spillway on .*, process ${process.pid}, at 127\\.0\\.0\\.1`),
        )
        assert.ok(!error.message.includes(PASSWORD))
        return true
      })
      assert.equal(await first.healthy(), true)
      await first.close()
      await (await openPostgres(url, QUICK)).close()
    })

    it('is another one in another database of the server', async () => {
      await open(await create())
      await open(await create())
    })

    it('goes with the process that had it', async () => {
      const url = await create()
      const holder = startProgram('database-writer.ts', [url])
      try {
        await eventually(() => holder.lines.length > 0, { what: 'the other dispatcher' })
      } finally {
        holder.kill()
      }
      await holder.ended
      await open(url, {})
    })

    it('is taken again after the connection was lost, and not from another dispatcher that has it by then', async () => {
      const cutter = keep(await CommitCutter.open(server().port))
      const url = await create()
      const database = await started(at(url, cutter.port))
      cutter.isBroken = true
      cutter.breakAll()
      await eventually(async () => !(await database.healthy()))
      const other = await eventually(() => openPostgres(url, QUICK), { what: 'the lock for the other one' })
      cutter.isBroken = false
      await eventually(() =>
        database.accept([objectWork('f', 'a')]).then(
          () => false,
          (error: Error) => /opened by another dispatcher/.test(error.message),
        ),
      )
      await other.close()
      await delay(100)
      await assert.rejects(database.accept([objectWork('f', 'a')]), {
        ...UNAVAILABLE,
        message: /opened by another dispatcher/,
      })
    })
  })

  describe('a commit that is cut off', () => {
    for (const [cut, isRecorded] of [
      ['before-the-server', false],
      ['before-the-answer', true],
    ] as [Cut, boolean][])
      it(`${cut} is ${isRecorded ? 'found to have happened, and answered in full' : 'found not to have happened, and refused'}`, async () => {
        const cutter = keep(await CommitCutter.open(server().port))
        const database = await started(at(await create(), cutter.port))
        await database.accept([objectWork('f', 'first')])
        cutter.cut = cut
        const work = [objectWork('f', 'a'), objectWork('f', 'b')]
        const calls = await Promise.allSettled([
          database.accept([work[0]!]),
          database.accept([work[1]!]),
          database.claim(CLAIM),
        ])
        assert.equal(cutter.cuts, 1)
        assert.deepEqual(
          calls.map(({ status }) => status === 'fulfilled'),
          [isRecorded, isRecorded, isRecorded],
        )
        await recovered(database)
        for (const { id } of work) assert.equal((await database.getInvocation(id)) !== undefined, isRecorded)
        assert.equal((await database.runningAttempts()).length, isRecorded ? 1 : 0)
        const [again] = await database.accept([objectWork('f', 'a')])
        assert.equal(again?.duplicate, isRecorded)
      })

    it('is asked about for a while, then its callers are told that nobody knows', async () => {
      const cutter = keep(await CommitCutter.open(server().port))
      const database = await started(at(await create(), cutter.port), { ...QUICK, doubtMs: 200 })
      cutter.cut = 'before-the-answer'
      const rejected = assert.rejects(database.accept([objectWork('f', 'a')]), {
        ...UNAVAILABLE,
        message: /could not be asked since whether it did/,
      })
      await eventually(() => cutter.cuts === 1)
      cutter.isBroken = true
      cutter.breakAll()
      await rejected
      cutter.isBroken = false
      await recovered(database)
      assert.equal((await database.accept([objectWork('f', 'a')]))[0]?.duplicate, true)
    })

    it('leaves no doubt at any moment: what was refused is not there, what was answered is', async () => {
      const cutter = keep(await CommitCutter.open(server().port))
      const database = await started(at(await create(), cutter.port))
      const random = randomNumbers(SEED)
      const told = new Map<string, boolean>()
      const sender = async (lane: number) => {
        for (let i = 0; i < 60; i++) {
          const work = requestWork('f', `${lane}-${i}`, Buffer.from('x'))
          await database.accept([work]).then(
            () => told.set(work.id, true),
            () => told.set(work.id, false),
          )
          await delay(random() * 10)
        }
      }
      const senders = Promise.all([1, 2, 3, 4, 5, 6].map(sender))
      let isDone = false
      void senders.then(() => (isDone = true))
      while (!isDone) {
        cutter.cut = random() < 0.5 ? 'before-the-answer' : 'before-the-server'
        await delay(random() * 100)
      }
      await senders
      cutter.cut = undefined
      await recovered(database)
      assert.ok(cutter.cuts > 3, `${cutter.cuts} cuts`)
      assert.ok([...told.values()].includes(false) && [...told.values()].includes(true))
      for (const [id, isThere] of told)
        assert.equal((await database.getInvocation(id)) !== undefined, isThere, `${id} (seed ${SEED})`)
    })
  })

  describe('the server', () => {
    it(`is killed ${KILLS} times in the middle of writing: nothing acknowledged is lost, nothing refused is there (seed ${SEED})`, async () => {
      const random = randomNumbers(SEED)
      const url = await create()
      const writer = startProgram('database-writer.ts', [url])
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const before = writer.lines.filter((line) => line.startsWith('accepted')).length
          const isBack = () => writer.lines.filter((line) => line.startsWith('accepted')).length > before + 20
          await eventually(isBack, { timeoutMs: 30_000, everyMs: 2, what: 'acknowledgements' })
          await delay(random() * 300)
          await server().kill()
          await delay(random() * 100)
          await server().restart()
        }
        await eventually(() => writer.lines.at(-1)?.startsWith('succeeded'), { timeoutMs: 30_000 })
      } finally {
        writer.kill()
      }
      await writer.ended
      await checkRecord(await open(url, {}), writer.lines)
    })

    it('that was killed is read from again, whatever it was asked while it started', async () => {
      const database = await started(await create())
      await server().kill()
      let isUp = false
      const restarted = server()
        .restart()
        .then(() => (isUp = true))
      while (!isUp) await Promise.allSettled([database.totals(), database.totals(), delay(2)])
      await restarted
      for (let i = 0; i < 4; i++) assert.deepEqual(await Promise.all([database.totals(), database.totals()]), [[], []])
    })

    it('that ends a connection is connected to again', async () => {
      const url = await create()
      const database = await started(url)
      await database.totals()
      const name = new URL(url).pathname.slice(1)
      await server().query('postgres', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        name,
      ])
      assert.deepEqual(await database.totals(), [])
      await recovered(database)
      assert.equal((await database.accept([objectWork('f', 'a')]))[0]?.duplicate, false)
    })

    it('that takes no writes is said to, and written to again when it does', async () => {
      const url = await create()
      const database = await started(url)
      const name = new URL(url).pathname.slice(1)
      await server().query('postgres', `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
      await server().query(
        'postgres',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      )
      await eventually(async () => !(await database.healthy()))
      await assert.rejects(database.accept([objectWork('f', 'a')]), UNAVAILABLE)
      assert.deepEqual(await database.totals(), [])
      await server().query('postgres', `ALTER DATABASE ${name} RESET default_transaction_read_only`)
      await recovered(database)
    })

    it('that is asleep is given up after a while; calls are refused, and it goes on when it wakes up', async () => {
      const url = await create()
      await (await openPostgres(url)).close()
      const database = await started(url, { ...QUICK, answerTimeoutMs: 300 })
      server().freeze()
      try {
        await assert.rejects(database.accept([objectWork('f', 'a')]), UNAVAILABLE)
        assert.equal(await database.healthy(), false)
      } finally {
        server().thaw()
      }
      await recovered(database)
      assert.equal((await database.accept([objectWork('f', 'a')]))[0]?.duplicate, false)
    })

    it('that is not there is waited for at the start, for a while', async () => {
      const url = await create()
      await server().kill()
      await assert.rejects(openPostgres(url, QUICK), {
        code: 'database-unavailable',
        message: /cannot be opened \(ECONNREFUSED/,
      })
      const opening = openPostgres(url, { patienceMs: 30_000 })
      await server().restart()
      keep(await opening)
    })
  })
})

/** The same database on another way. */
function at(url: string, port: number): string {
  const other = new URL(url)
  other.port = String(port)
  return other.href
}

async function checkRecord(database: Database, said: readonly string[]): Promise<void> {
  for (const line of said) {
    const [what, id] = line.split(' ')
    const record = await database.getInvocation(id!)
    assert.equal(record !== undefined, what !== 'refused', line)
    if (what === 'succeeded') assert.equal(record?.state, 'succeeded', line)
  }
}
