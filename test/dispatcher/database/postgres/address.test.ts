/** URLs of PostgreSQL databases: what they mean, and that no word about them has a password in it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { readPostgresUrl, SSL_MODES, type PostgresAddress } from '../../../../dispatcher/database/postgres/address.js'
import { tlsOptions } from '../../../../dispatcher/database/postgres/tls.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const NAME = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((name) => !/^\.+$/.test(name))
const HOST = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
)
const PORT = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined })
const PASSWORD = fc.string({ unit: 'binary-ascii', minLength: 8, maxLength: 30 })
const ANY_PARTS = fc.record({ user: NAME, password: PASSWORD, host: HOST, port: PORT, database: NAME })

type Parts = typeof ANY_PARTS extends fc.Arbitrary<infer T> ? T : never

const urlOf = ({ user, password, host, port, database }: Parts) =>
  `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}${port === undefined ? '' : `:${port}`}/${encodeURIComponent(database)}`

describe('postgres: URLs', () => {
  const directory = temporaryDirectory()

  it('give back what was written into them', () => {
    fc.assert(
      fc.property(ANY_PARTS, (parts) => {
        const address = readPostgresUrl(urlOf(parts))
        assert.deepEqual(
          [address.user, address.password, address.port, address.database],
          [parts.user, parts.password, parts.port ?? 5432, parts.database],
        )
        assert.equal(address.host, new URL(urlOf(parts)).hostname.replace(/^\[|\]$/g, ''))
      }),
    )
  })

  it('have a name for people that is the same place without the password', () => {
    fc.assert(
      fc.property(ANY_PARTS, (parts) => {
        const { password, ...address } = readPostgresUrl(urlOf(parts))
        assert.ok(!address.name.includes(encodeURIComponent(password!)))
        assert.deepEqual(readPostgresUrl(address.name), address)
      }),
    )
  })

  it('never have their password repeated, however it was written into them', () => {
    fc.assert(
      fc.property(PASSWORD, fc.constantFrom('u:', ':', '', 'u:12/', 'u:12?'), (password, before) => {
        const said = wordsAbout(`postgres://${before}${password}@h/d`)
        assert.ok(before === '' || !said.includes(password), said)
        assert.ok(!wordsAbout(`postgres://u@h/d?password=${password}`).includes(password))
        assert.ok(!wordsAbout(`postgres://u@h/d?sslmode=${password}`).includes(password))
      }),
      { numRuns: 500 },
    )
  })

  it('take the password that is given beside them before their own', () => {
    assert.equal(readPostgresUrl('postgres://u:own@h/d', 'given').password, 'given')
    assert.equal(readPostgresUrl('postgres://u:own@h/d').password, 'own')
    assert.equal(readPostgresUrl('postgres://u@h/d').password, undefined)
  })

  it('may name the directory of a socket, where there is no TLS', () => {
    for (const url of ['postgres://u@localhost/d?host=/run/pg+1', 'postgres://u@%2Frun%2Fpg+1/d?sslmode=require']) {
      const { host, tls, name } = readPostgresUrl(url)
      assert.deepEqual([host, tls.mode, name], ['/run/pg+1', 'disable', 'postgres://u@%2Frun%2Fpg%2B1/d'])
    }
  })

  for (const [url, must] of [
    ['postgres://', /name a host, and name a user, and name one database/],
    ['postgres://h/d', /name a user/],
    ['postgres://u@h', /name one database/],
    ['postgres://u@h/', /name one database/],
    ['postgres://u@h/a/b', /name one database/],
    ['postgres://u@a,b/d', /name one host/],
    ['postgres://u@h/d#x', /have no #/],
    ['postgres://u@h/d?sslmod=require', /no parameters but host, sslmode, sslrootcert, sslcert, sslkey/],
    ['postgres://u@h/d?sslmode=require&sslmode=disable', /each once/],
    ['postgres://u@h/d?sslmode=allow', /an sslmode of disable, prefer, require, verify-ca, verify-full/],
    ['postgres://u@h/d?sslcert=a', /sslkey beside sslcert/],
    ['postgres://u@h:x/d', /be a URL/],
    ['postgres://u:%zz@h/d', /no bare %/],
  ] as const)
    it(`like ${url} are refused`, () => {
      assert.throws(() => readPostgresUrl(url), { code: 'invalid-configuration', message: must })
    })

  describe('and TLS', () => {
    const optionsOf = (query: string) => tlsOptions(readPostgresUrl(`postgres://u@h/d${query}`))

    it('go by sslmode, as libpq has it', () => {
      const authority = join(directory(), 'ca.pem')
      writeFileSync(authority, 'PEM')
      const root = `sslrootcert=${authority}`
      const facts = (query: string) => {
        const options = optionsOf(query)
        return (
          options && [options.rejectUnauthorized, options.checkServerIdentity === undefined, String(options.ca ?? '')]
        )
      }
      assert.deepEqual(facts('?sslmode=disable'), false)
      assert.deepEqual(facts(''), [false, true, ''])
      assert.deepEqual(facts('?sslmode=require'), [false, true, ''])
      assert.deepEqual(facts(`?sslmode=require&${root}`), [true, false, 'PEM'])
      assert.deepEqual(facts(`?sslmode=verify-ca&${root}`), [true, false, 'PEM'])
      assert.deepEqual(facts(`?sslmode=verify-full&${root}`), [true, true, 'PEM'])
      assert.equal(SSL_MODES.length, 5)
    })

    it('need files that can be read', () => {
      assert.throws(() => optionsOf('?sslmode=verify-full&sslrootcert=/nowhere.pem'), {
        code: 'invalid-configuration',
        message: /sslrootcert of the database must name a file that can be read, got \/nowhere\.pem/,
      })
    })
  })
})

/** All that is told about it: its name, or what is wrong with it. */
function wordsAbout(url: string): string {
  try {
    return nameAndRest(readPostgresUrl(url))
  } catch (error) {
    const { message, cause } = error as Error & { cause?: unknown }
    return `${message} ${JSON.stringify(error)} ${String(cause)}`
  }
}

const nameAndRest = ({ name }: PostgresAddress) => name
