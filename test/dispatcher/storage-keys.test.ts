import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readStorageKeys } from '../../dispatcher/storage-keys.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

describe('the keys of storages', () => {
  const directory = temporaryDirectory()
  const minio = { type: 'minio', endpoint: 'http://minio' } as const
  const pathsOf = (problems: { path: string }[]) => problems.map(({ path }) => path)

  it('come from the environment, by the name of the storage', () => {
    const { keys, problems } = readStorageKeys(
      { 'my-lake': minio, aws: { type: 's3' }, here: { type: 'directory', path: '.' } },
      {
        SPILLWAY_STORAGE_MY_LAKE_ACCESS_KEY: 'a',
        SPILLWAY_STORAGE_MY_LAKE_SECRET_KEY: 's',
        SPILLWAY_STORAGE_MY_LAKE_SESSION_TOKEN: 't',
      },
    )
    assert.deepEqual([keys, problems], [{ 'my-lake': { accessKey: 'a', secretKey: 's', sessionToken: 't' } }, []])
  })

  it('come from files, as orchestrators place them', () => {
    const file = join(directory(), 'secret')
    writeFileSync(file, 'from a file\n')
    const environment = { SPILLWAY_STORAGE_LAKE_ACCESS_KEY: 'a', SPILLWAY_STORAGE_LAKE_SECRET_KEY_FILE: file }
    assert.equal(readStorageKeys({ lake: minio }, environment).keys.lake?.secretKey, 'from a file')
  })

  it('are missed where they are needed, or are half there', () => {
    const half = { SPILLWAY_STORAGE_AWS_ACCESS_KEY: 'a', SPILLWAY_STORAGE_LAKE_SECRET_KEY_FILE: '/no/such/file' }
    const { keys, problems } = readStorageKeys({ lake: minio, aws: { type: 's3' } }, half)
    assert.deepEqual(keys, {})
    assert.deepEqual(pathsOf(problems), ['SPILLWAY_STORAGE_LAKE_SECRET_KEY_FILE', 'storage.lake', 'storage.aws'])
    assert.match(problems[1]!.expected, /SPILLWAY_STORAGE_LAKE_ACCESS_KEY is not set/)
    assert.match(problems[2]!.expected, /SPILLWAY_STORAGE_AWS_SECRET_KEY is not set/)
  })
})
