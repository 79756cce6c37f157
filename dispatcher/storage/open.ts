/** The only place that knows every driver of storages; the SDK is loaded only where one of S3 is configured. */
import { readFileSync } from 'node:fs'
import type { S3Client } from '@aws-sdk/client-s3'
import { asError, SpillwayError } from '../../runtime/contract/errors.js'
import {
  SETTLE_SECONDS,
  WEBHOOK_TARGET,
  type StorageConfig,
  type StorageKeys,
} from '../../runtime/contract/service-config.js'
import { openDirectoryStore } from './directory.js'
import type { ObjectStore } from './object-store.js'
import type * as S3 from './s3.js'
import type * as Webhooks from './s3/minio-webhooks.js'

export interface StorageSurroundings {
  keys?: StorageKeys
  /** Directory of the dispatcher, for what must outlive its process. */
  stateDirectory?: string
  /** URL of this dispatcher, for messages. */
  dispatcherUrl?: () => string
  now?: () => number
  log?: (message: string) => void
}

/** Opens a storage as it was configured; relative paths start at the working directory. */
export function openStorage(name: string, config: StorageConfig, surroundings: StorageSurroundings = {}): ObjectStore {
  if (config.type === 'directory') return openDirectory(name, config, surroundings)
  return config.type === 'minio' ? openMinio(name, config, surroundings) : openS3(name, config, surroundings)
}

function openDirectory(name: string, config: StorageConfig, { now, log }: StorageSurroundings): ObjectStore {
  const settleSeconds = config.settle ?? SETTLE_SECONDS
  return openDirectoryStore({ name, path: needed(name, config, 'path'), settleSeconds, now, log })
}

/** AWS, or any other store with its `endpoint`. */
function openS3(name: string, config: StorageConfig, surroundings: StorageSurroundings): ObjectStore {
  const { stateDirectory, now } = surroundings
  const { openS3Store } = require('./s3.js') as typeof S3
  return openS3Store({ name, type: 's3', ...connectionOf(name, config, surroundings), stateDirectory, now })
}

function openMinio(name: string, config: StorageConfig, surroundings: StorageSurroundings): ObjectStore {
  const { stateDirectory, now, dispatcherUrl = () => 'http://<dispatcher>' } = surroundings
  const endpoint = needed(name, config, 'endpoint')
  const connection = { ...connectionOf(name, config, surroundings), endpoint }
  const { openS3Store } = require('./s3.js') as typeof S3
  const { MinioWebhooks } = require('./s3/minio-webhooks.js') as typeof Webhooks
  const targets = config.webhook ?? [WEBHOOK_TARGET]
  const notifications = (client: S3Client) =>
    new MinioWebhooks({ storage: name, targets, connection, client, dispatcherUrl })
  return openS3Store({
    name,
    type: 'minio',
    ...connection,
    stateDirectory,
    now,
    ...(targets.length > 0 ? { notifications } : {}),
  })
}

function connectionOf(name: string, config: StorageConfig, { keys }: StorageSurroundings) {
  const { type, endpoint, region, pathStyle = type === 'minio', caFile } = config
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    pathStyle,
    ...(caFile === undefined ? {} : { ca: readAuthority(name, caFile) }),
    ...(keys === undefined ? {} : { keys }),
  }
}

function needed(name: string, config: StorageConfig, key: 'path' | 'endpoint'): string {
  const value = config[key]
  if (value !== undefined) return value
  throw new SpillwayError(
    'invalid-configuration',
    `storage ${name}: ${key} is missing; a storage of type ${config.type} needs it`,
  )
}

function readAuthority(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new SpillwayError(
      'invalid-configuration',
      `storage ${name}: caFile must name a file that can be read, got ${path}: ${asError(thrown).message}`,
    )
  }
}
