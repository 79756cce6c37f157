import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unpack } from '../../../../dispatcher/backends/local/unpack.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

describe('unpack', () => {
  const directory = temporaryDirectory()

  it('lays a release out once and whole, however many workers start at the same time', async () => {
    const files = Array.from({ length: 50 }, (_, n) => ({
      path: `d${n % 5}/${n}`,
      mode: 0o644,
      data: btoa(`file ${n}`),
    }))
    const starts = Array.from({ length: 8 }, () => unpack(files, 'sha256:abc', directory()))
    assert.deepEqual(new Set(await Promise.all(starts)), new Set([join(directory(), 'abc')]))
    assert.deepEqual(readdirSync(directory()), ['abc'])
    for (let n = 0; n < 50; n++)
      assert.equal(readFileSync(join(directory(), 'abc', `d${n % 5}`, String(n)), 'utf8'), `file ${n}`)
  })
})
