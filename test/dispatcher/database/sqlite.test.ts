/** The SQLite driver keeps what every driver keeps. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { openPlainly } from '../../../dispatcher/database/sqlite/connection.js'
import { databaseModelSuite } from '../../suites/database-model.suite.js'
import { databaseSuite } from '../../suites/database.suite.js'
import { T0 } from '../../support/database-work.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const sqlite = { name: 'sqlite', open: (directory: string) => openDatabase(`sqlite:${join(directory, 'spillway.db')}`) }

databaseSuite(sqlite)
databaseModelSuite(sqlite)

describe('sqlite: quarantine', () => {
  const directory = temporaryDirectory()

  it('keeps what could not be read, byte by byte, with the reason', async () => {
    const database = await sqlite.open(directory())
    const body = Buffer.from([0x7b, 0, 0xff])
    await database.quarantine({ source: 'minio', body, problem: 'not JSON', now: T0 })
    await database.close()
    const reader = openPlainly(join(directory(), 'spillway.db'))
    const kept = reader.get<Record<string, unknown>>('SELECT source, problem, kept_at, body FROM quarantine')
    reader.close()
    assert.deepEqual([kept?.source, kept?.problem, kept?.kept_at, kept?.body], ['minio', 'not JSON', T0, body])
  })
})
