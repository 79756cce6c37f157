import assert from 'node:assert/strict'
import { appendFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { openStorage } from '../../../dispatcher/storage/open.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'
import { eventually } from '../../support/eventually.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const KEYS = { accessKey: 'key', secretKey: 'secret' }

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

  it('opens stores of both S3 types without a word to them', async () => {
    const minio = openStorage('lake', { type: 'minio', endpoint: 'http://127.0.0.1:1' }, { keys: KEYS })
    assert.deepEqual([minio.name, minio.type, typeof minio.notify], ['lake', 'minio', 'function'])
    const listed = openStorage('lake', { type: 'minio', endpoint: 'http://127.0.0.1:1', webhook: [] }, { keys: KEYS })
    assert.equal(listed.notify, undefined)
    const s3 = openStorage('aws', { type: 's3', region: 'eu-west-1' })
    assert.deepEqual([s3.name, s3.type, s3.notify, s3.watch], ['aws', 's3', undefined, undefined])
    await Promise.all([minio.close(), listed.close(), s3.close()])
  })

  it('says that the endpoint is missing, or the file of the authority', () => {
    assert.match(fault({ type: 'minio' }).message, /lake: endpoint is missing/)
    const { code, message } = fault({ type: 's3', caFile: join(base(), 'none.pem') })
    assert.equal(code, 'invalid-configuration')
    assert.match(message, /lake: caFile must name a file that can be read, got .*none.pem/)
  })

  it('says that the path is missing', () => {
    const { code, message } = fault({ type: 'directory' })
    assert.equal(code, 'invalid-configuration')
    assert.match(message, /lake: path is missing/)
  })
})
