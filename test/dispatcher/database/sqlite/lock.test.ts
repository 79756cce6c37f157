/** One dispatcher per file, whether the other one is in this process or not, and however it ended. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openDatabase } from '../../../../dispatcher/database/open.js'
import { openPlainly } from '../../../../dispatcher/database/sqlite/connection.js'
import { eventually } from '../../../support/eventually.js'
import { startProgram } from '../../../support/lines-of.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('sqlite: the lock', () => {
  const directory = temporaryDirectory()
  const path = () => join(directory(), 'spillway.db')

  it('names the file and the process that holds it, and goes with that process', async () => {
    const holder = startProgram('database-writer.ts', [`sqlite:${path()}`])
    try {
      await eventually(() => holder.lines.length > 0, { what: 'the other dispatcher' })
      await assert.rejects(openDatabase(`sqlite:${path()}`), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'database-locked')
        assert.ok(error.message.includes(path()) && error.message.includes(`process ${holder.pid}`), error.message)
        return true
      })
    } finally {
      holder.kill()
    }
    await holder.ended
    const database = await openDatabase(`sqlite:${path()}`)
    assert.equal((await database.currentReleases()).length, 1)
    await database.close()
  })

  it('keeps a second one out in the same process, without harm to the first', async () => {
    const first = await openDatabase(`sqlite:${path()}`)
    for (let i = 0; i < 2; i++) await assert.rejects(openDatabase(`sqlite:${path()}`), { code: 'database-locked' })
    assert.equal(await first.healthy(), true)
    await first.close()
    await (await openDatabase(`sqlite:${path()}`)).close()
  })

  it('lets other programs read meanwhile', async () => {
    const database = await openDatabase(`sqlite:${path()}`)
    const reader = openPlainly(path())
    assert.deepEqual(reader.all('SELECT name FROM functions'), [])
    reader.close()
    await database.close()
  })
})
