/** Calls of `accept` that follow each other go together; the order of all work stays as it is. */
import assert from 'node:assert/strict'
import { apart, fuse, type Work } from '../../../../dispatcher/database/postgres/fuse.js'
import { objectWork, requestWork } from '../../../support/database-work.js'

const other = (sql: string): Work => ({
  write: { statements: [{ sql, values: [] }], read: ([answer]) => answer!.changes },
})
const call = (...keys: string[]): Work => ({ accept: keys.map((key) => objectWork('f', key)) })

describe('postgres: fused writes', () => {
  const work = [call('a'), call('b', 'c'), other('x'), other('y'), call('d'), other('z')]
  const shape = (made: ReturnType<typeof fuse>) =>
    made.map(({ size, write }) => (write.statements[0]!.sql.length === 1 ? write.statements[0]!.sql : size))

  it('are runs of calls; everything else stays alone and in its place', () => {
    assert.deepEqual(shape(fuse(work)), [2, 'x', 'y', 1, 'z'])
    assert.deepEqual(shape(apart(work)), [1, 1, 'x', 'y', 1, 'z'])
    assert.deepEqual(fuse([]), [])
  })

  it('cost three statements however many calls there are, and one for each large body', () => {
    const requests = [1, 2, 100_000, 200_000].map((length, i): Work => ({
      accept: [requestWork('f', `k${i}`, Buffer.alloc(length))],
    }))
    const made = fuse([call('a'), ...requests, call('b', 'c')])
    assert.deepEqual(
      made.map(({ size, write }) => [size, write.statements.length]),
      [[6, 5]],
    )
    assert.equal(fuse([call('a')])[0]!.write.statements.length, 2)
  })

  it('have an outcome for each piece of work', () => {
    const outcomes = fuse([other('x')])[0]!.write.read([{ changes: 7, rows: [] }])
    assert.deepEqual(
      outcomes.map((outcome) => outcome()),
      [7],
    )
  })
})
