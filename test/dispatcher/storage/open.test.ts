import assert from 'node:assert/strict'
import { appendFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { openStorage } from '../../../dispatcher/storage/open.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'
import { eventually } from '../../support/eventually.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const fault = (config: StorageConfig): SpillwayError => {
  try {
    openStorage('lake', config)
  } catch (error) {
    if (error instanceof SpillwayError) return error
  }
  return assert.fail('it opened')
}

describe('open storage', () => {
  const base = temporaryDirectory()

  it('opens a directory, under its configured name and with its settle time', async () => {
    const store = openStorage('here', { type: 'directory', path: base(), settle: 30 })
    assert.deepEqual([store.name, store.type], ['here', 'directory'])
    await store.ensureBucket('b')
    const stop = new AbortController()
    const keys: string[] = []
    const watching = store.watch!('b', ({ key }) => keys.push(key), stop.signal)
    appendFileSync(join(base(), 'b/young'), '')
    appendFileSync(join(base(), 'b/old'), '')
    utimesSync(join(base(), 'b/old'), new Date(), new Date(Date.now() - 60_000))
    await eventually(() => keys.length > 0)
    stop.abort()
    await watching
    assert.deepEqual(keys, ['old'])
  })

  for (const type of ['s3', 'minio'] as const) {
    it(`says that ${type} is not available yet, and what is`, () => {
      const { code, message } = fault({ type, endpoint: 'https://minio.example.org' })
      assert.equal(code, 'not-available')
      assert.match(message, new RegExp(`lake.*${type}.*directory`))
    })
  }

  it('says that the path is missing', () => {
    const { code, message } = fault({ type: 'directory' })
    assert.equal(code, 'invalid-configuration')
    assert.match(message, /lake: path is missing/)
  })
})
