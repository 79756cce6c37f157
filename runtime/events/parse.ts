/** A raw notification of any supported store becomes object events. A value comes back whatever comes in. */
import { EVENT_BODY_BYTES_MAX } from '../contract/dispatcher-api.js'
import type { ObjectEvent } from '../contract/object-event.js'
import { readS3Record } from './aws-s3.js'
import { isCloudEvent, readCloudEvent } from './cloudevents.js'
import { isEventBridge, readEventBridge } from './eventbridge.js'
import { asAwsRecord } from './minio.js'
import { fieldsOf, IGNORED, isObject, problem, type Reading, type Reported } from './reading.js'

/** What a notification says about where the object is. */
export type EventOrigin = Pick<Reported, 'eventSource' | 'bucket'>

export interface ParseOptions {
  /** Name of the configured storage that an object of that origin lies in; undefined = none of ours. */
  storageOf: (origin: EventOrigin) => string | undefined
}

export interface Parsed {
  events: ObjectEvent[]
  /** What could not be read, for people; the events that could be read are there all the same. */
  problem?: string
}

/** `raw`: JSON text, its bytes, or the parsed document. */
export function parse(raw: unknown, options: ParseOptions): Parsed {
  const document = asDocument(raw)
  if ('problem' in document) return { events: [], problem: document.problem }
  const placed = readDocument(document.value).map((reading) => place(reading, options))
  const events = placed.flatMap((one) => (one.event ? [one.event] : []))
  const problems = [...new Set(placed.flatMap((one) => (one.problem ? [one.problem] : [])))]
  return problems.length === 0 ? { events } : { events, problem: problems.slice(0, 5).join('; ') }
}

function asDocument(raw: unknown): { value: unknown } | { problem: string } {
  if (typeof raw !== 'string' && !(raw instanceof Uint8Array)) return { value: raw }
  const bytes = typeof raw === 'string' ? Buffer.byteLength(raw) : raw.byteLength
  if (bytes > EVENT_BODY_BYTES_MAX)
    return { problem: `a notification has at most ${EVENT_BODY_BYTES_MAX} bytes, this one has ${bytes}` }
  try {
    return { value: JSON.parse(typeof raw === 'string' ? raw : Buffer.from(raw).toString()) }
  } catch {
    return { problem: 'the notification is not JSON' }
  }
}

/** CloudEvents may come as a batch, which is a list. */
function readDocument(document: unknown): Reading[] {
  return Array.isArray(document) ? document.flatMap(readOne) : readOne(document)
}

function readOne(document: unknown): Reading[] {
  if (isCloudEvent(document)) return readCloudEvent(document)
  if (isEventBridge(document)) return [readEventBridge(document)]
  const { Records: records, Event: event } = fieldsOf(document)
  if (Array.isArray(records)) return records.map(readRecord)
  if (event === 's3:TestEvent') return [IGNORED]
  return [problem('the notification is of no known format: S3 Records, EventBridge or CloudEvents')]
}

const readRecord = (record: unknown): Reading =>
  readS3Record(isObject(record) && record['eventSource'] !== 'aws:s3' ? asAwsRecord(record) : record)

function place(reading: Reading, { storageOf }: ParseOptions): { event?: ObjectEvent; problem?: string } {
  if ('problem' in reading) return reading
  if ('ignored' in reading) return {}
  const { eventSource, ...object } = reading.reported
  const storage = storageOf({ eventSource, bucket: object.bucket })
  if (storage !== undefined) return { event: { storage, ...object } }
  return {
    problem: `no configured storage holds the bucket ${object.bucket.slice(0, 100)} of ${eventSource.slice(0, 100)}`,
  }
}
