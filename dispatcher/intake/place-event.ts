/** Which configured storage a notification speaks of: it names only its bucket and the kind of its sender. */
import type { StorageConfig } from '../../runtime/contract/service-config.js'
import type { EventOrigin } from '../../runtime/events/parse.js'

/** Senders that speak for a type of storage; others are placed only where there is no choice. */
const TYPE_OF_SENDER: Readonly<Record<string, StorageConfig['type']>> = {
  'aws:s3': 's3',
  'aws.s3': 's3',
  'minio:s3': 'minio',
  'rustfs:s3': 'minio',
  'ceph:s3': 's3',
}

/** `named` is what the sender's URL says; without it the one storage of the sender's type, or the only one there is. */
export function placeEvent(storages: Readonly<Record<string, StorageConfig>>, named: string | undefined) {
  const names = Object.keys(storages)
  return ({ eventSource }: EventOrigin): string | undefined => {
    if (named !== undefined) return names.find((name) => name === named)
    const ofType = names.filter((name) => storages[name]!.type === TYPE_OF_SENDER[eventSource])
    const candidates = ofType.length > 0 ? ofType : names
    return candidates.length === 1 ? candidates[0] : undefined
  }
}
