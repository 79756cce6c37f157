/** Numbered migrations: each once, all or none, never backwards. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openConnection } from '../../../../dispatcher/database/sqlite/connection.js'
import { migrate } from '../../../../dispatcher/database/sqlite/migrate.js'
import { openDatabase } from '../../../../dispatcher/database/open.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('sqlite: migrations', () => {
  const directory = temporaryDirectory()
  const path = () => join(directory(), 'spillway.db')
  const script = (name: string, sql: string) => {
    mkdirSync(join(directory(), 'migrations'), { recursive: true })
    writeFileSync(join(directory(), 'migrations', name), sql)
  }
  const run = () => {
    const connection = openConnection(path())
    try {
      migrate(connection, path(), join(directory(), 'migrations'))
      return connection.all<{ n: number }>('SELECT n FROM t ORDER BY n').map(({ n }) => n)
    } finally {
      connection.close()
    }
  }

  it('apply in order, each once', () => {
    script('0001.sql', 'CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);')
    assert.deepEqual(run(), [1])
    script('0002.sql', 'INSERT INTO t VALUES (2);')
    script('0003.sql', 'INSERT INTO t SELECT 1 + max(n) FROM t;')
    script('notes.txt', 'not SQL')
    assert.deepEqual(run(), [1, 2, 3])
    assert.deepEqual(run(), [1, 2, 3])
  })

  it('leave nothing behind when one fails', () => {
    script('0001.sql', 'CREATE TABLE t (n INTEGER);')
    run()
    script('0002.sql', 'INSERT INTO t VALUES (2);')
    script('0003.sql', 'INSERT INTO nowhere VALUES (1);')
    assert.throws(run, /nowhere/)
    script('0003.sql', 'INSERT INTO t VALUES (3);')
    assert.deepEqual(run(), [2, 3])
  })

  it('of a newer Spillway are refused, and the file can be opened by that one again', async () => {
    await (await openDatabase(`sqlite:${path()}`)).close()
    const connection = openConnection(path())
    connection.exec('PRAGMA user_version = 99')
    connection.close()
    for (let i = 0; i < 2; i++)
      await assert.rejects(openDatabase(`sqlite:${path()}`), {
        code: 'not-available',
        message: /format 99.*newer Spillway/,
      })
  })
})
