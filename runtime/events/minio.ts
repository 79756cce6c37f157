/** MinIO, RustFS and Ceph send S3 records in slightly other words; here they are turned into AWS's words. */
import { fieldsOf, isObject } from './reading.js'

/**
 * - `s3:` before the event name (MinIO, RustFS); keys have `%2F` for `/`, which decodes the same;
 * - no size for an empty object (MinIO leaves out what is 0); size as a text of digits (Ceph).
 */
export function asAwsRecord(record: unknown): unknown {
  if (!isObject(record)) return record
  const { eventName } = record
  return {
    ...record,
    eventName: typeof eventName === 'string' ? eventName.replace(/^s3:/, '') : eventName,
    s3: asAwsElement(record['s3']),
  }
}

function asAwsElement(s3: unknown): unknown {
  if (!isObject(s3) || !isObject(s3['object'])) return s3
  const object = fieldsOf(s3['object'])
  return { ...s3, object: { ...object, size: asNumber(object['size']) } }
}

function asNumber(size: unknown): unknown {
  if (size === undefined || size === null) return 0
  return typeof size === 'string' && /^\d{1,16}$/.test(size) ? Number(size) : size
}
