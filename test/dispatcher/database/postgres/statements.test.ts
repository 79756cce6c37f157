/** How statements of both databases become PostgreSQL's. */
import assert from 'node:assert/strict'
import { numbered, Statements } from '../../../../dispatcher/database/postgres/statements.js'

describe('postgres: statements', () => {
  it('number their values', () => {
    assert.equal(numbered('a = ? AND b IN (?, ?)'), 'a = $1 AND b IN ($2, $3)')
    assert.equal(numbered('SELECT 1'), 'SELECT 1')
  })

  it('have a name of their own, the same for the same', () => {
    const statements = new Statements()
    const names = ['a ?', 'b ?', 'a ?'].map((sql) => statements.prepared({ sql, values: [1] }).name)
    assert.equal(names[0], names[2])
    assert.notEqual(names[0], names[1])
  })

  it('hold no NUL in texts, which the server does not take, and bytes as they are', () => {
    const bytes = Buffer.from([0, 1])
    const { values } = new Statements().prepared({ sql: '?', values: ['a\0b', bytes, null, 7, ['\0', bytes, null]] })
    assert.deepEqual(values, ['a\u{fffd}b', bytes, null, 7, ['\u{fffd}', bytes, null]])
  })
})
