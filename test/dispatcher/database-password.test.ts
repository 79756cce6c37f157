/** Where the password of a database comes from, and where it must not be. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../../dispatcher/config.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const PLAIN = 'postgres://u@h/d'
const WITH_PASSWORD = 'postgres://u:hush@h/d'

describe('the password of a database', () => {
  const directory = temporaryDirectory()
  const file = (name: string, text: string) => {
    const path = join(directory(), name)
    writeFileSync(path, text)
    return path
  }
  const read = (database: string, environment: Record<string, string> = {}) =>
    readConfig(file('spillway.yml', JSON.stringify({ database, stateDirectory: directory() })), environment)

  it('comes from its file, its variable, the URL or the variable of all programs, in this order', () => {
    const all = {
      SPILLWAY_DATABASE_PASSWORD_FILE: file('password', 'from file \n'),
      SPILLWAY_DATABASE_PASSWORD: 'from variable',
      PGPASSWORD: 'from all',
    }
    const without = ({ ...environment }: Record<string, string>, ...names: string[]) =>
      Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)))
    assert.equal(read(PLAIN, all).databasePassword, 'from file ')
    assert.equal(read(PLAIN, without(all, 'SPILLWAY_DATABASE_PASSWORD_FILE')).databasePassword, 'from variable')
    const last = { PGPASSWORD: 'from all' }
    assert.equal(read(PLAIN, last).databasePassword, 'from all')
    assert.equal(read(PLAIN, { ...last, SPILLWAY_DATABASE: WITH_PASSWORD }).databasePassword, undefined)
    assert.equal(read(PLAIN).databasePassword, undefined)
  })

  it('is refused in a file of the configuration, and not repeated', () => {
    assert.throws(
      () => read(WITH_PASSWORD),
      (error: Error) => {
        assert.match(error.message, /database must have no password in a file\. Set SPILLWAY_DATABASE_PASSWORD or/)
        assert.ok(!error.message.includes('hush'))
        return true
      },
    )
    assert.equal(read(PLAIN, { SPILLWAY_DATABASE: WITH_PASSWORD }).database, WITH_PASSWORD)
  })

  it('whose file cannot be read is said to be so', () => {
    assert.throws(() => read(PLAIN, { SPILLWAY_DATABASE_PASSWORD_FILE: '/nowhere' }), {
      code: 'invalid-configuration',
      message: /SPILLWAY_DATABASE_PASSWORD_FILE must name a file that can be read, got \/nowhere/,
    })
  })
})
