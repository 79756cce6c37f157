/**
 * An S3 event that came through EventBridge; here the key is not encoded:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
import { fieldsOf, IGNORED, isObject, report, type Reading } from './reading.js'

export const isEventBridge = (document: unknown): boolean =>
  isObject(document) && typeof document['detail-type'] === 'string' && isObject(document['detail'])

export function readEventBridge(document: unknown): Reading {
  const { source, detail, time, 'detail-type': detailType } = fieldsOf(document)
  if (source !== 'aws.s3' || detailType !== 'Object Created') return IGNORED
  return readDetail(detail, time)
}

/** `detail` says what was created, the envelope says when. */
export function readDetail(detail: unknown, time: unknown): Reading {
  const { bucket, object } = fieldsOf(detail)
  const { key, size, etag, sequencer, 'version-id': version } = fieldsOf(object)
  return report({ eventSource: 'aws:s3', bucket: fieldsOf(bucket)['name'], key, size, version, etag, sequencer, time })
}
