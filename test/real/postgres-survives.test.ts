/** The kills of `npm test` on a record in PostgreSQL, whose server is killed as well. */
import { survivesSuite } from '../suites/survives.suite.js'
import { PostgresServer, whyNoPostgres } from './programs/postgres.js'

describe('survives with PostgreSQL', () => {
  let server: PostgresServer
  let url: string

  before(async function () {
    this.timeout(60_000)
    const reason = whyNoPostgres()
    if (reason !== undefined) {
      process.stdout.write(`    skipped: ${reason}\n`)
      return this.skip()
    }
    server = await PostgresServer.start()
    url = await server.createDatabase('survives')
  })
  after(() => server?.stop())

  survivesSuite({
    kills: Number(process.env.KILLS ?? 60),
    timeoutMs: 300_000,
    server: () => ({ url, strike: () => server.kill().then(() => server.restart()) }),
  })
})
