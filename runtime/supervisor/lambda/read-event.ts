/** What an event on Lambda is: an attempt of a dispatcher, created objects, or a request. Pure; any event is one of them. */
import { inputAccepts } from '../../contract/filters.js'
import type { LambdaCall, LambdaCallInput } from '../../contract/lambda-call.js'
import type { LambdaFunctionFile, LambdaRequest } from '../../contract/lambda-function.js'
import { baseName } from '../../contract/object-event.js'
import { isEventBridge, readEventBridge } from '../../events/eventbridge.js'
import { readS3Record } from '../../events/aws-s3.js'
import { fieldsOf, isObject, type Reading, type Reported } from '../../events/reading.js'
import { s3Notification } from '../../events/s3-notification.js'

/** One run without a dispatcher. */
export interface DirectRun {
  /** Of the object; absent for a request. */
  key?: string
  /** What the script finds in `EVENT`. */
  event: unknown
  /** ISO 8601 */
  eventTime: string
  input: LambdaCallInput
}

export type LambdaWork =
  | { kind: 'attempt'; call: LambdaCall }
  /** `notes`: what was passed over, and why. */
  | { kind: 'runs'; runs: DirectRun[]; notes: string[] }

type File = Pick<LambdaFunctionFile, 'input' | 'storages' | 'staging'>

export function readEvent(body: Buffer, file: File, nowMs: number): LambdaWork {
  const event = jsonOf(body)
  const { spillway } = fieldsOf(event)
  if (spillway === 'attempt') return { kind: 'attempt', call: event as LambdaCall }
  const eventTime = new Date(nowMs).toISOString()
  if (spillway === 'request') return runs([requestRun(event as LambdaRequest, file, eventTime)])
  const readings = readObjects(event)
  if (readings) return objectRuns(readings, file)
  return runs([bodyRun({ body, contentType: 'application/json' }, eventTime)])
}

const runs = (list: DirectRun[], notes: string[] = []): LambdaWork => ({ kind: 'runs', runs: list, notes })

/** Undefined for an event that is not about objects of S3. */
function readObjects(event: unknown): Reading[] | undefined {
  const { Records: records, Event: test } = fieldsOf(event)
  if (Array.isArray(records) && records.length > 0 && records.every((record) => isObject(fieldsOf(record)['s3'])))
    return records.map(readS3Record)
  if (isEventBridge(event) && fieldsOf(event)['source'] === 'aws.s3') return [readEventBridge(event)]
  return test === 's3:TestEvent' ? [] : undefined
}

function objectRuns(readings: readonly Reading[], file: File): LambdaWork {
  const found = readings.map((reading) => ('reported' in reading ? objectRun(reading.reported, file) : whyNot(reading)))
  return runs(
    found.filter((one) => typeof one !== 'string'),
    found.filter((one) => typeof one === 'string'),
  )
}

const whyNot = (reading: Reading) => ('problem' in reading ? reading.problem : 'an event is not about a new object')

/** A function without input rules takes every object that it is told of. */
function objectRun(reported: Reported, { input, storages }: File): DirectRun | string {
  const { bucket, key, size, time } = reported
  const rule = input.find((one) => inputAccepts(one, { storage: one.storage, bucket, key }))
  if (!rule && input.length > 0) return `no input of the function takes ${bucket}/${key}`
  const region = rule && storages[rule.storage]?.region
  const place = { kind: 's3' as const, bucket, key, size, name: baseName(key) }
  return {
    key,
    event: s3Notification({ storage: rule?.storage ?? '', ...reported }, 's3'),
    eventTime: time,
    input: { ...place, ...(region ? { region } : {}) },
  }
}

function requestRun({ contentType, body, staged }: LambdaRequest, { staging }: File, eventTime: string): DirectRun {
  if (!staged) return bodyRun({ body: Buffer.from(body ?? '', 'base64'), contentType }, eventTime)
  const { key, size, name } = staged
  const whole = key.startsWith(staging.prefix) ? key : staging.prefix + key
  const input = { kind: 's3' as const, bucket: staging.bucket, key: whole, size, name }
  return { event: { body: { contentType, size } }, eventTime, input }
}

function bodyRun({ body, contentType }: { body: Buffer; contentType: string }, eventTime: string): DirectRun {
  const event = jsonOf(body) ?? { body: { contentType, size: body.length } }
  return { event, eventTime, input: { kind: 'inline', name: 'body', data: body.toString('base64') } }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
