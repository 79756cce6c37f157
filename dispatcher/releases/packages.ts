/** The packaged files of releases, as the database keeps them. */
import type { BackendHost } from '../backends/backend.js'
import type { Database } from '../database/database.js'
import { decodePackage } from './package-document.js'

const NO_FILES = Buffer.from('[]')

export const packages =
  (database: Pick<Database, 'getPackage'>): BackendHost['packageOf'] =>
  async ({ packageDigest }) =>
    decodePackage((await database.getPackage(packageDigest)) ?? NO_FILES)
