/** The PostgreSQL driver keeps what every driver keeps, on a real server(). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { openPostgres } from '../../dispatcher/database/postgres.js'
import { objectWork, requestWork, newRelease, T0 } from '../support/database-work.js'
import { databaseModelSuite } from '../suites/database-model.suite.js'
import { databaseSuite } from '../suites/database.suite.js'
import { postgresServer } from './programs/postgres.js'

describe('postgres', function () {
  this.timeout(120_000)
  const server = postgresServer({ settings: { fsync: 'off' } })

  const postgres = {
    name: 'postgres',
    /** A database of its own for each directory. */
    open: async (directory: string) =>
      openPostgres(await server().createDatabase(directory.split('/').slice(-2).join('-').slice(-63))),
  }

  databaseSuite(postgres)
  databaseModelSuite(postgres)

  it('keeps names that are long, and texts with NUL and half characters', async () => {
    const database = await openPostgres(await server().createDatabase('odd'))
    try {
      await database.putRelease(newRelease('f'))
      const keys = ['long'.repeat(1000) + Math.random(), 'nul \0', 'half \ud83d', '\u{1f600} \\ " \' %']
      for (const key of keys) {
        const work = objectWork('f', key)
        await database.accept([work])
        const record = await database.getInvocation(work.id)
        assert.ok(record?.input.kind === 'object')
        assert.equal(record.input.event.key, key)
        assert.equal((await database.accept([objectWork('f', key)]))[0]?.duplicate, true)
      }
      await database.accept([requestWork('f', 'key'.repeat(5000), Buffer.from('x'))])
      assert.equal(await database.getInvocation('nul \0'), undefined)
    } finally {
      await database.close()
    }
  })

  it('keeps bodies of every size byte by byte', async () => {
    const database = await openPostgres(await server().createDatabase('bodies'))
    try {
      await database.putRelease(newRelease('f'))
      const bodies = [0, 1, 1000, 32 * 1024, 32 * 1024 + 1, 6_000_000].map((length) => randomBytes(length))
      const work = bodies.map((body) => requestWork('f', null, body))
      await Promise.all(work.map((one) => database.accept([one])))
      for (const { id, body } of work) assert.ok(body!.equals((await database.getBody(id))!), `${body!.length} bytes`)
    } finally {
      await database.close()
    }
  })

  it('rejects the call that the server does not understand, and records those that came with it', async () => {
    const database = await openPostgres(await server().createDatabase('poison'))
    try {
      await database.putRelease(newRelease('f'))
      const calls = [T0, T0 + 0.5, T0].map((now, i) => database.accept([objectWork('f', `k${i}`, { now })]))
      const answers = await Promise.allSettled([...calls, database.renewLease({ invocation: 'x', attempt: 0.5 }, T0)])
      assert.deepEqual(
        answers.map((answer) => (answer.status === 'rejected' ? (answer.reason as { code: string }).code : '')),
        ['', '22P02', '', '22P02'],
      )
      assert.equal((await database.listInvocations({ limit: 9 })).invocations.length, 2)
    } finally {
      await database.close()
    }
  })

  it('leaves alone what else is in its database, and may be given a schema by somebody with more rights', async () => {
    const shared = await server().createDatabase('shared')
    await server().query('shared', 'CREATE TABLE functions (mine integer)')
    await server().query('shared', `CREATE ROLE narrow LOGIN PASSWORD 'narrow'`)
    const url = changed(shared, { username: 'narrow', password: 'narrow' })
    await assert.rejects(openPostgres(url), {
      code: 'invalid-configuration',
      message: /make a schema in, got postgres:\/\/narrow@/,
    })
    await server().query('shared', 'CREATE SCHEMA spillway AUTHORIZATION narrow')
    const database = await openPostgres(url)
    await database.putRelease(newRelease('f'))
    await database.close()
    assert.deepEqual(await server().query('shared', 'SELECT * FROM public.functions'), [])
  })

  it('refuses a database that a newer Spillway wrote', async () => {
    const url = await server().createDatabase('newer')
    await (await openPostgres(url)).close()
    await server().query('newer', 'UPDATE spillway.format SET version = 99')
    for (let i = 0; i < 2; i++)
      await assert.rejects(openPostgres(url), { code: 'not-available', message: /format 99.*newer Spillway/ })
  })

  it('says what is wrong with user, password and database, without the password', async () => {
    const url = await server().createDatabase('words')
    const wrong: [Partial<URL>, RegExp][] = [
      [{ username: 'nobody' }, /password authentication failed/],
      [{ password: 'hush-hush' }, /password authentication failed/],
      [{ password: '' }, /SPILLWAY_DATABASE_PASSWORD/],
      [{ pathname: '/nowhere' }, /database "nowhere" does not exist/],
    ]
    for (const [change, message] of wrong)
      await assert.rejects(openPostgres(changed(url, change)), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'invalid-configuration', error.message)
        assert.match(error.message, message)
        assert.ok(!error.message.includes('hush-hush'))
        return true
      })
    const { password } = new URL(url)
    const without = changed(url, { password: 'hush-hush' })
    await (await openPostgres(without, { password: decodeURIComponent(password) })).close()
  })

  it('is reached by the socket of its machine', async () => {
    const url = new URL(await server().createDatabase('socket'))
    url.searchParams.set('host', server().directory)
    await (await openPostgres(url.href)).close()
  })
})

const changed = (url: string, change: Partial<URL>): string => Object.assign(new URL(url), change).href
