import assert from 'node:assert/strict'
import { notifyBuckets } from '../../../dispatcher/intake/notify-buckets.js'
import { placeEvent } from '../../../dispatcher/intake/place-event.js'
import type { NotifyFilter } from '../../../dispatcher/storage/object-store.js'
import type { InputRule } from '../../../runtime/contract/function-spec.js'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'

const rule = (storage: string, bucket: string, prefix: string, suffix: string[] = []): InputRule => ({
  storage,
  bucket,
  prefix,
  suffix,
})

describe('notifications of buckets', () => {
  it('are set with what all functions read from there, bucket by bucket', async () => {
    const calls: [string, readonly NotifyFilter[]][] = []
    const reporting = {
      notify: async (bucket: string, filters: readonly NotifyFilter[]) => void calls.push([bucket, filters]),
    }
    const inputs = [
      rule('lake', 'a', 'in/', ['.png']),
      rule('lake', 'a', 'x/'),
      rule('lake', 'b', ''),
      rule('sea', 'a', 'no'),
    ]
    const store = (name: string) => (name === 'lake' ? reporting : {})
    await notifyBuckets([inputs[0]!, inputs[1]!, inputs[3]!, rule('lake', 'left', '')], { store, inputs })
    assert.deepEqual(calls, [
      [
        'a',
        [
          { prefix: 'in/', suffix: ['.png'] },
          { prefix: 'x/', suffix: [] },
        ],
      ],
      ['left', []],
    ])
  })
})

describe('the storage of an event', () => {
  const minio: StorageConfig = { type: 'minio', endpoint: 'http://minio' }
  const s3: StorageConfig = { type: 's3' }
  const placed = (storages: Record<string, StorageConfig>, eventSource: string, named?: string) =>
    placeEvent(storages, named)({ eventSource, bucket: 'b' })

  it('is the one of its sender, the one that its URL names, or the only one', () => {
    const both = { lake: minio, aws: s3 }
    assert.deepEqual(
      ['minio:s3', 'rustfs:s3', 'aws:s3', 'ceph:s3', 'else'].map((source) => placed(both, source)),
      ['lake', 'lake', 'aws', 'aws', undefined],
    )
    assert.equal(placed({ lake: minio, sea: minio }, 'minio:s3'), undefined)
    assert.equal(placed({ lake: minio, sea: minio }, 'minio:s3', 'sea'), 'sea')
    assert.equal(placed({ lake: minio }, 'minio:s3', 'gone'), undefined)
    assert.equal(placed({ rook: s3 }, 'rustfs:s3'), 'rook')
  })
})
