/** One commit per turn of the event loop, whoever writes; one bad operation is no harm to the others. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { GroupCommit } from '../../../../dispatcher/database/group-commit.js'
import { commitTogether, twoTurns } from '../../../../dispatcher/database/sqlite/commit-together.js'
import { Disk } from '../../../../dispatcher/database/sqlite/disk.js'
import type { Operation } from '../../../../dispatcher/database/sqlite/run.js'
import { BadDisk } from '../../../support/bad-disk.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('sqlite: group commit', () => {
  const directory = temporaryDirectory()
  let counted: BadDisk
  let disk: Disk
  let queue: GroupCommit<Operation<unknown>>

  beforeEach(() => {
    counted = new BadDisk()
    disk = new Disk({ path: join(directory(), 'test.db'), open: counted.open, probeEveryMs: 10 })
    disk.connection.exec('CREATE TABLE t (n INTEGER UNIQUE)')
    queue = new GroupCommit((operations) => commitTogether(disk, operations), twoTurns)
  })
  afterEach(() => disk.close())

  const insert = (n: number) => queue.write((connection) => connection.run('INSERT INTO t VALUES (?)', [n]))
  const all = async () => {
    await queue.idle()
    return disk.read((connection) => connection.all<{ n: number }>('SELECT n FROM t ORDER BY n').map(({ n }) => n))
  }

  it('makes one commit of what is written in one turn', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, n) => insert(n)))
    assert.equal(counted.commits, 1)
    await insert(50)
    assert.equal(counted.commits, 2)
    assert.equal((await all()).length, 51)
  })

  it('rejects what throws alone, and runs the others once', async () => {
    await insert(1)
    const bad = new Error('a bug')
    const answers = await Promise.allSettled([
      insert(2),
      insert(1),
      queue.write((connection) => {
        connection.run('INSERT INTO t VALUES (99)')
        throw bad
      }),
      insert(3),
    ])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    )
    assert.equal(answers[2]?.status === 'rejected' && answers[2].reason, bad)
    assert.deepEqual(await all(), [1, 2, 3])
  })

  it('lets reads see what was asked for before them, and nothing uncommitted', async () => {
    void insert(1)
    const read = all()
    void insert(2)
    assert.deepEqual(await read, [1, 2])
    counted.refusal = 'SQLITE_FULL'
    const refused = assert.rejects(insert(3), { code: 'database-unavailable' })
    assert.deepEqual(await all(), [1, 2])
    await refused
  })
})
