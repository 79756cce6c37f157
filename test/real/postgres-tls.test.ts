/** TLS to a PostgreSQL server, by the sslmode of the URL. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPostgres } from '../../dispatcher/database/postgres.js'
import { skipWhere } from '../support/skip-where.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { PostgresServer, whyNoPostgres } from './programs/postgres.js'

describe('postgres: TLS', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const running: PostgresServer[] = []

  skipWhere(() => whyNoPostgres() ?? (spawnSync('openssl', ['version']).status === 0 ? undefined : 'needs openssl'))
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop()
  })

  /** Opens and closes; answers whether the way was encrypted. */
  const isEncrypted = async (server: PostgresServer, query: string, hostname = '127.0.0.1') => {
    const url = Object.assign(new URL(await server.createDatabase('tls')), { hostname, search: query })
    const database = await openPostgres(url.href, { patienceMs: 0 })
    try {
      await database.totals()
      const ways = await server.query<{ ssl: boolean }>(
        'postgres',
        `SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = 'tls'`,
      )
      assert.equal(ways.length, 1)
      return ways[0]!.ssl
    } finally {
      await database.close()
    }
  }

  const startWithTls = async () => {
    const [certificate, key] = [join(directory(), 'server.crt'), join(directory(), 'server.key')]
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=spillway'
    const name = ['-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', [...words.split(' '), ...name, '-keyout', key, '-out', certificate], { stdio: 'pipe' })
    const server = await PostgresServer.start({
      settings: { fsync: 'off', ssl: 'on', ssl_cert_file: '../server.crt', ssl_key_file: '../server.key' },
      files: { 'server.crt': readFileSync(certificate), 'server.key': readFileSync(key) },
    })
    running.push(server)
    return { server, certificate }
  }

  it('is used when the server has it, and looked at as closely as the URL says', async () => {
    const { server, certificate } = await startWithTls()
    const root = `sslrootcert=${encodeURIComponent(certificate)}`
    assert.equal(await isEncrypted(server, ''), true)
    assert.equal(await isEncrypted(server, '?sslmode=disable'), false)
    assert.equal(await isEncrypted(server, '?sslmode=require'), true)
    assert.equal(await isEncrypted(server, `?sslmode=verify-full&${root}`), true)
    assert.equal(await isEncrypted(server, `?sslmode=verify-ca&${root}`, 'localhost'), true)
    const refused = (query: string, hostname?: string) =>
      assert.rejects(isEncrypted(server, query, hostname), {
        code: 'database-unavailable',
        message: /certificate|altnames/i,
      })
    await refused('?sslmode=verify-full')
    await refused('?sslmode=verify-ca')
    await refused(`?sslmode=verify-full&${root}`, 'localhost')
    await assert.rejects(isEncrypted(server, '?sslmode=verify-full&sslrootcert=/nowhere'), {
      code: 'invalid-configuration',
      message: /sslrootcert .*got \/nowhere/,
    })
  })

  it('is done without only when the URL leaves it to the server', async () => {
    const server = await PostgresServer.start({ settings: { fsync: 'off' } })
    running.push(server)
    assert.equal(await isEncrypted(server, ''), false)
    await assert.rejects(isEncrypted(server, '?sslmode=require'), {
      code: 'database-unavailable',
      message: /does not support SSL/,
    })
  })
})
