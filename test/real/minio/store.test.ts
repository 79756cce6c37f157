/** Storages of type `minio` and `s3` on a real MinIO server. */
import { openStorage } from '../../../dispatcher/storage/open.js'
import type { StorageConfig } from '../../../runtime/contract/service-config.js'
import { objectStoreSuite } from '../../suites/object-store.suite.js'
import { skipWhere } from '../../support/skip-where.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'

describe('MinIO as a storage', () => {
  let server: MinioServer

  skipWhere(whyNoMinio)
  before(async function () {
    this.timeout(1_200_000)
    server = await MinioServer.start()
  })
  after(() => server?.stop())

  const open = async (changes: Partial<StorageConfig> = {}) => {
    await server.clear()
    return openStorage('lake', { ...server.storage, ...changes }, { keys: KEYS })
  }

  const unsupported = { longSegments: 'MinIO keeps the parts of keys as folders, with names of 255 bytes' }
  objectStoreSuite({ name: 'minio', open, unsupported })
  objectStoreSuite({ name: 's3, with an endpoint', open: () => open({ type: 's3', pathStyle: true }), unsupported })
})
