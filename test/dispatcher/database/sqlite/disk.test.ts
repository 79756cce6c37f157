/** Commits that the disk refuses. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Database } from '../../../../dispatcher/database/database.js'
import { openSqlite } from '../../../../dispatcher/database/sqlite.js'
import { BadDisk } from '../../../support/bad-disk.js'
import { newRelease, objectWork } from '../../../support/database-work.js'
import { eventually } from '../../../support/eventually.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const PROBE_EVERY_MS = 30
const UNAVAILABLE = { code: 'database-unavailable', status: 503, retryable: true }

describe('sqlite: a disk that refuses', () => {
  const directory = temporaryDirectory()
  let disk: BadDisk
  let database: Database

  beforeEach(async () => {
    disk = new BadDisk()
    database = openSqlite(join(directory(), 'spillway.db'), { open: disk.open, probeEveryMs: PROBE_EVERY_MS })
    await database.putRelease(newRelease('f'))
  })
  afterEach(() => database.close())

  for (const refusal of ['SQLITE_FULL', 'SQLITE_IOERR_FSYNC', 'SQLITE_READONLY'])
    it(`refuses all calls of the turn with ${refusal}, keeps what was there, and goes on by itself`, async () => {
      const before = objectWork('f', 'before')
      await database.accept([before])
      disk.refusal = refusal
      const lost = ['a', 'b'].map((key) => objectWork('f', key))
      const answers = await Promise.allSettled(lost.map((one) => database.accept([one])))
      assert.deepEqual(
        answers.map(({ status }) => status),
        ['rejected', 'rejected'],
      )
      await assert.rejects(database.accept([objectWork('f', 'c')]), { ...UNAVAILABLE, message: new RegExp(refusal) })
      assert.equal(await database.healthy(), false)
      assert.ok(await database.getInvocation(before.id))

      disk.refusal = undefined
      await eventually(() => database.healthy(), { what: 'a probe that succeeds' })
      assert.equal(disk.opened, 2)
      const [again] = await database.accept([objectWork('f', 'a')])
      assert.equal(again?.duplicate, false)
      assert.equal((await database.listInvocations({ limit: 9 })).invocations.length, 2)
    })

  it('is tried again by incoming writes, and not more often than it may be', async () => {
    disk.refusal = 'SQLITE_FULL'
    await assert.rejects(database.accept([objectWork('f', 'a')]), UNAVAILABLE)
    const [commits, start] = [disk.commits, performance.now()]
    for (let i = 0; i < 20; i++) await assert.rejects(database.accept([objectWork('f', 'a')]), UNAVAILABLE)
    const probesMax = 2 + (performance.now() - start) / PROBE_EVERY_MS
    assert.ok(disk.commits - commits <= probesMax, `${disk.commits - commits} probes, at most ${probesMax}`)
    disk.refusal = undefined
    await eventually(() => database.accept([objectWork('f', 'a')]), { what: 'a write that is taken' })
  })

  it('that refuses a single commit refuses that one only', async () => {
    disk.refuses = /^COMMIT$/
    disk.refusal = 'SQLITE_FULL'
    await assert.rejects(database.accept([objectWork('f', 'large')]), UNAVAILABLE)
    disk.refusal = undefined
    assert.equal(await database.healthy(), true)
    assert.equal(disk.opened, 1)
  })

  it('that refuses even to begin or to roll back changes nothing', async () => {
    disk.refuses = /COMMIT|ROLLBACK/
    disk.refusal = 'SQLITE_IOERR_WRITE'
    const work = objectWork('f', 'a')
    await assert.rejects(database.accept([work]), UNAVAILABLE)
    disk.refuses = /BEGIN/
    await assert.rejects(database.accept([work]), UNAVAILABLE)
    disk.refusal = undefined
    await eventually(() => database.healthy())
    assert.equal((await database.accept([work]))[0]?.duplicate, false)
  })
})
