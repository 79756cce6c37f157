/** Which errors say that the server is away, and which that a statement is wrong. */
import assert from 'node:assert/strict'
import { SpillwayError } from '../../../../runtime/contract/errors.js'
import {
  cannotOpen,
  isAnswer,
  isConflict,
  isReadOnly,
  isRefusal,
} from '../../../../dispatcher/database/postgres/refusal.js'

const withCode = (code: string, message = 'words') => Object.assign(new Error(message), { code })
const NAME = 'postgres://u@h/d'

describe('postgres: refusals', () => {
  it('are what says nothing about the statement', () => {
    for (const code of ['53100', '53300', '57014', '57P01', '57P03', '58030', '08006', '25006', '55P03', 'XX001'])
      assert.equal(isRefusal(withCode(code)), true, code)
    for (const code of ['23505', '42601', '22021', '42P01', '40P01'])
      assert.equal(isRefusal(withCode(code)), false, code)
    for (const code of ['ECONNREFUSED', 'EPIPE', 'ENOTFOUND']) {
      assert.equal(isRefusal(withCode(code)), true, code)
      assert.equal(isAnswer(withCode(code)), false, code)
    }
    assert.equal(isRefusal(new Error('Connection terminated unexpectedly')), true)
  })

  it('are told from collisions, after which the same may be run again, and from servers that only read', () => {
    assert.deepEqual(
      ['40001', '40P01', '23505'].map((code) => isConflict(withCode(code))),
      [true, true, false],
    )
    assert.deepEqual(
      ['25006', '53100'].map((code) => isReadOnly(withCode(code))),
      [true, false],
    )
  })

  it('at the start are about the configuration, the way to the server, or us', () => {
    for (const error of [
      withCode('28P01', 'password authentication failed for user "u"'),
      withCode('3D000'),
      withCode('42501'),
      new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string'),
    ]) {
      const said = cannotOpen(NAME, error)
      assert.ok(said instanceof SpillwayError && said.code === 'invalid-configuration')
      assert.match(said.message, /got postgres:\/\/u@h\/d .*SPILLWAY_DATABASE_PASSWORD/)
    }
    for (const error of [withCode('ECONNREFUSED'), withCode('57P03'), withCode('42704')]) {
      const said = cannotOpen(NAME, error)
      assert.ok(said instanceof SpillwayError && said.code === 'database-unavailable')
      assert.match(said.message, /cannot be opened .*PostgreSQL 14 or newer/)
    }
    const bug = withCode('42601')
    assert.equal(cannotOpen(NAME, bug), bug)
  })
})
