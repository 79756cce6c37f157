/** MinIO, RustFS and Ceph send S3 records in slightly other words; here they are turned into AWS's words. */
import { fieldsOf, isObject } from './reading.js'

/**
 * - `s3:` before the event name (MinIO, RustFS); keys have `%2F` for `/`, which decodes the same;
 * - no size for an empty object (MinIO leaves out what is 0); size as a text of digits (Ceph);
 * - keys as they are, not form-encoded (Ceph); `etag`, and times with a blank in place of the T (older Ceph).
 */
export function asAwsRecord(record: unknown): unknown {
  if (!isObject(record)) return record
  const { eventName, eventTime, eventSource } = record
  return {
    ...record,
    eventName: typeof eventName === 'string' ? eventName.replace(/^s3:/, '') : eventName,
    eventTime: typeof eventTime === 'string' ? eventTime.replace(/^([0-9-]+) /, '$1T') : eventTime,
    s3: asAwsElement(record['s3'], eventSource === 'ceph:s3'),
  }
}

function asAwsElement(s3: unknown, hasPlainKey: boolean): unknown {
  if (!isObject(s3) || !isObject(s3['object'])) return s3
  const { key, size, eTag, etag, ...rest } = fieldsOf(s3['object'])
  return {
    ...s3,
    object: {
      ...rest,
      key: hasPlainKey && typeof key === 'string' ? formEncoded(key) : key,
      size: asNumber(size),
      eTag: eTag ?? etag,
    },
  }
}

/** As much as decoding would undo. */
const formEncoded = (key: string) => key.replaceAll('%', '%25').replaceAll('+', '%2B')

function asNumber(size: unknown): unknown {
  if (size === undefined || size === null) return 0
  return typeof size === 'string' && /^\d{1,16}$/.test(size) ? Number(size) : size
}
