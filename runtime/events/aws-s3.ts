/**
 * One record of an S3 notification:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
import { fieldsOf, IGNORED, isCreation, problem, report, textOf, type Reading } from './reading.js'

export function readS3Record(record: unknown): Reading {
  const { eventVersion, eventName, eventSource, eventTime, s3 } = fieldsOf(record)
  const name = textOf(eventName)
  if (name === undefined) return problem('a record has no eventName')
  if (!isCreation(name)) return IGNORED
  if (eventVersion !== undefined && !/^2\.\d+$/.test(String(textOf(eventVersion))))
    return problem('the eventVersion of a record is not 2.x')
  return readS3Element({ s3, eventSource: textOf(eventSource) ?? 'aws:s3', time: eventTime })
}

/** The `s3` element of a record, with what stands around it. */
export function readS3Element({ s3, eventSource, time }: { s3: unknown; eventSource: string; time: unknown }): Reading {
  const element = fieldsOf(s3)
  const object = fieldsOf(element['object'])
  const key = decodeKey(object['key'])
  if (key === undefined) return problem('the key of a record is missing or is not form-encoded')
  return report({
    eventSource,
    bucket: fieldsOf(element['bucket'])['name'],
    key,
    size: object['size'],
    version: object['versionId'],
    etag: object['eTag'],
    sequencer: object['sequencer'],
    time,
  })
}

/** Keys arrive form-encoded: `red flower.jpg` as `red+flower.jpg`. */
export function decodeKey(encoded: unknown): string | undefined {
  if (typeof encoded !== 'string') return undefined
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** The inverse of `decodeKey`, in AWS's own spelling: `/` stays, `!'()~` are escaped. */
export const encodeKey = (key: string): string =>
  encodeURIComponent(key.replace(/\p{Surrogate}/gu, '\u{FFFD}'))
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
