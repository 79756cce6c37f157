/** What reading one record comes to, and the small questions every format asks of values of unknown form. */
import type { ObjectEvent } from '../contract/object-event.js'

/** A created object as its store reported it; which configured storage that is, is not said in a notification. */
export interface Reported extends Omit<ObjectEvent, 'storage'> {
  /** `aws:s3`, `minio:s3`, `ceph:s3`, `rustfs:s3`, `spillway:directory` ... */
  eventSource: string
}

/** Ignored: well-formed, but about something else than the creation of an object. */
export type Reading = { reported: Reported } | { ignored: true } | { problem: string }

export const IGNORED: Reading = Object.freeze({ ignored: true as const })

export const problem = (text: string): Reading => ({ problem: text })

type Fields = Readonly<Record<string, unknown>>

/** The value if it is an object, else an object without fields. */
export const fieldsOf = (value: unknown): Fields => (isObject(value) ? value : {})

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A text with something in it, else undefined. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** One of the four kinds of event that mean new content; tags, retention and legal hold also arrive as "created". */
export const isCreation = (eventName: string): boolean =>
  /^ObjectCreated:(Put|Post|Copy|CompleteMultipartUpload)$/.test(eventName)

/** What the formats call differently, gathered; `report` checks it. */
export interface Claim {
  eventSource: string
  bucket: unknown
  /** Decoded */
  key: unknown
  size: unknown
  version: unknown
  etag: unknown
  sequencer: unknown
  time: unknown
}

/** The claim as an event if every field that counts is there and sound. */
export function report(claim: Claim): Reading {
  const bucket = textOf(claim.bucket)
  const key = textOf(claim.key)
  if (bucket === undefined || bucket.includes('/')) return problem('the name of the bucket is missing or holds a /')
  if (key === undefined || !isWellFormed(key + bucket)) return problem('the key is missing or is no valid text')
  if (!isSize(claim.size)) return problem('the size is not a whole number of bytes')
  if (!isTime(claim.time)) return problem('the time is not of the form 2026-01-31T12:00:00Z')
  const { eventSource, size, time } = claim
  return { reported: { eventSource, bucket, key, size, time, ...identifiers(claim) } }
}

function identifiers({ version, etag, sequencer }: Claim) {
  const versionText = textOf(version)
  const etagText = textOf(typeof etag === 'string' ? etag.replace(/^"(.*)"$/su, '$1') : undefined)
  const sequencerText = textOf(sequencer)
  return {
    // "null" is what buckets without versions call the only version.
    ...(versionText && versionText !== 'null' ? { version: versionText } : {}),
    ...(etagText ? { etag: etagText } : {}),
    ...(sequencerText ? { sequencer: sequencerText } : {}),
  }
}

const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text)

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isTime = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && !Number.isNaN(Date.parse(value))
