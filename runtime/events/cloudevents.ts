/**
 * CloudEvents in structured JSON whose data is about an S3 object. (Ceph's own CloudEvents are in binary mode: the
 * attributes are HTTP headers, the body is an S3 notification like any other.)
 * https://github.com/cloudevents/spec/blob/main/cloudevents/adapters/aws-s3.md
 */
import { readS3Element, readS3Record } from './aws-s3.js'
import { isEventBridge, readDetail, readEventBridge } from './eventbridge.js'
import { asAwsRecord } from './minio.js'
import { fieldsOf, IGNORED, isCreation, isObject, problem, textOf, type Reading } from './reading.js'

export const isCloudEvent = (document: unknown): boolean =>
  isObject(document) && typeof document['specversion'] === 'string' && typeof document['type'] === 'string'

export function readCloudEvent(document: unknown): Reading[] {
  const { type, time } = fieldsOf(document)
  const data = dataOf(document)
  if (!isObject(data)) return [problem('the data of a CloudEvent is no JSON object')]
  if (Array.isArray(data['Records'])) return data['Records'].map((record) => readS3Record(asAwsRecord(record)))
  if (isObject(data['s3'])) return [readS3Record(asAwsRecord(data))]
  if (isEventBridge(data)) return [readEventBridge(data)]
  return [readBare({ type: textOf(type) ?? '', data, time })]
}

/** Data that is only the `s3` element (Amazon's type) or only the `detail` of EventBridge. */
function readBare({ type, data, time }: { type: string; data: unknown; time: unknown }): Reading {
  if (type.startsWith('com.amazonaws.s3.')) return readAmazonType(type, data, time)
  return /object[ ._-]?created/i.test(type) ? readDetail(data, time) : IGNORED
}

function readAmazonType(type: string, data: unknown, time: unknown): Reading {
  const eventName = type.slice('com.amazonaws.s3.'.length).replace(/^s3:/, '')
  if (!isCreation(eventName)) return IGNORED
  return readS3Element({ s3: fieldsOf(asAwsRecord({ s3: data }))['s3'], eventSource: 'aws:s3', time })
}

/** `data` as an object or as JSON text, or `data_base64`. */
function dataOf(document: unknown): unknown {
  const { data, data_base64: base64 } = fieldsOf(document)
  const text = typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : data
  if (typeof text !== 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
