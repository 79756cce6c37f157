/** A dispatcher whose record is in PostgreSQL, and the kills of `npm test` on it, which hit the server as well. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dispatchers } from '../support/dispatcher-process.js'
import { eventually } from '../support/eventually.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { survivesSuite } from '../suites/survives.suite.js'
import { PASSWORD, postgresServer } from './programs/postgres.js'

describe('a dispatcher with PostgreSQL', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)
  const server = postgresServer()
  let url: string

  before(async () => {
    url = await server().createDatabase('survives')
  })

  it('takes the password from a file, refuses work while the server is away, and goes on when it is back', async () => {
    const file = join(directory(), 'password')
    writeFileSync(file, `${PASSWORD}\n`)
    await server().createDatabase('away')
    const dispatcher = await start({
      config: { database: `postgres://spillway@127.0.0.1:${server().port}/away` },
      environment: { SPILLWAY_DATABASE_PASSWORD_FILE: file },
    })
    await dispatcher.put('s-dev-f', '#!/bin/sh\necho done\n')
    assert.equal((await dispatcher.invokeAndWait('s-dev-f')).state, 'succeeded')
    await server().kill()
    const refused = await dispatcher.call('POST', '/v1/functions/s-dev-f/invocations', 'x')
    assert.equal(refused.status, 503)
    assert.equal((await dispatcher.call('GET', '/readyz')).status, 503)
    assert.equal((await dispatcher.call('GET', '/healthz')).status, 200)
    await server().restart()
    await eventually(async () => (await dispatcher.call('GET', '/readyz')).status === 200)
    assert.equal((await dispatcher.invokeAndWait('s-dev-f')).state, 'succeeded')
    assert.ok(!dispatcher.log.includes(PASSWORD))
  })

  survivesSuite({
    kills: 60,
    timeoutMs: 600_000,
    server: () => ({
      url,
      strike: () =>
        server()
          .kill()
          .then(() => server().restart()),
    }),
  })
})
