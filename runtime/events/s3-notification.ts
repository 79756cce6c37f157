/** An object event as the S3 notification that scripts read in `EVENT`, in the words of the store it lies in. */
import type { ObjectEvent } from '../contract/object-event.js'
import { encodeKey } from './aws-s3.js'

export type StorageType = 'directory' | 's3' | 'minio'

export const EVENT_SOURCES: Readonly<Record<StorageType, string>> = Object.freeze({
  s3: 'aws:s3',
  minio: 'minio:s3',
  directory: 'spillway:directory',
})

/** Scripts of OSCAR and SCAR read `Records[0].s3.object.key` and `.bucket.name`; those for MinIO also `Key`. */
export function s3Notification(event: ObjectEvent, type: StorageType) {
  const document = { Records: [record(event, type)] }
  if (type !== 'minio') return document
  return { EventName: eventName(type), Key: `${event.bucket}/${event.key}`, ...document }
}

const eventName = (type: StorageType) => (type === 'minio' ? 's3:ObjectCreated:Put' : 'ObjectCreated:Put')

function record(event: ObjectEvent, type: StorageType) {
  return {
    eventVersion: '2.1',
    eventSource: EVENT_SOURCES[type],
    awsRegion: '',
    eventTime: event.time,
    eventName: eventName(type),
    userIdentity: { principalId: 'spillway' },
    requestParameters: { sourceIPAddress: '' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'spillway',
      bucket: { name: event.bucket, arn: `arn:aws:s3:::${event.bucket}` },
      object: objectElement(event),
    },
  }
}

const objectElement = ({ key, size, etag, version, sequencer }: ObjectEvent) => ({
  key: encodeKey(key),
  size,
  ...(etag === undefined ? {} : { eTag: etag }),
  ...(version === undefined ? {} : { versionId: version }),
  ...(sequencer === undefined ? {} : { sequencer }),
})
