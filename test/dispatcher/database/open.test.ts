/** What people write as `database`, and what they are told when it cannot be used. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('openDatabase', () => {
  const directory = temporaryDirectory()

  it('makes the file that a sqlite: URL names', async () => {
    const path = join(directory(), 'with space ü.db')
    await (await openDatabase(`sqlite:${path}`)).close()
    assert.ok(existsSync(path))
  })

  it('refuses other URLs without repeating a password', async () => {
    for (const url of ['', 'sqlite:', 'spillway.db', 'sqlite://host/x', 'mysql://u:hush@h/d', 'mysql://u:a/hush@h/d'])
      await assert.rejects(openDatabase(url), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'invalid-configuration')
        assert.ok(!error.message.includes('hush'))
        return true
      })
  })

  it('names the path when its directory is missing', async () => {
    const path = join(directory(), 'missing', 'x.db')
    await assert.rejects(openDatabase(`sqlite:${path}`), {
      code: 'invalid-configuration',
      message: new RegExp(`got ${path}.*directory must exist`),
    })
  })

  it('leaves a file alone that is no database', async () => {
    const path = join(directory(), 'letter.txt')
    writeFileSync(path, 'Dear reader, '.repeat(500))
    for (let i = 0; i < 2; i++)
      await assert.rejects(openDatabase(`sqlite:${path}`), {
        code: 'invalid-configuration',
        message: /must be a Spillway database/,
      })
  })
})
