/** The only place that knows every driver of storages. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { SETTLE_SECONDS, type StorageConfig } from '../../runtime/contract/service-config.js'
import { openDirectoryStore } from './directory.js'
import type { ObjectStore } from './object-store.js'

export interface StorageSurroundings {
  now?: () => number
  log?: (message: string) => void
}

/** Opens a storage as it was configured; relative paths start at the working directory. */
export function openStorage(name: string, config: StorageConfig, surroundings: StorageSurroundings = {}): ObjectStore {
  if (config.type !== 'directory') {
    throw new SpillwayError(
      'not-available',
      `storage ${name}: this version has no driver for the type ${config.type} yet; use {type: directory, path: <folder>}`,
    )
  }
  if (config.path === undefined) {
    throw new SpillwayError(
      'invalid-configuration',
      `storage ${name}: path is missing; a storage of type directory needs it`,
    )
  }
  const settleSeconds = config.settle ?? SETTLE_SECONDS
  return openDirectoryStore({ name, path: config.path, settleSeconds, ...surroundings })
}
