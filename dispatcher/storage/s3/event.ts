/**
 * An object as the event of its creation. Listings know its tag and when it was written; notifications know more, and
 * each store tells it in its own way. So its place in time, for both, is what listings say, as a sequencer: the
 * nanoseconds since 1970 in hexadecimal. MinIO's own sequencers are that very number.
 */
import type { ObjectEvent } from '../../../runtime/contract/object-event.js'

/** An object as the store tells of it. */
export interface ObjectFacts {
  bucket: string
  key: string
  /** bytes */
  size: number
  /** Perhaps in quotes. */
  etag: string | undefined
  lastModified: Date
}

/** Milliseconds that a storage tells apart. */
export interface Precision {
  storage: string
  stepMs: number
}

export function objectEvent({ storage, stepMs }: Precision, facts: ObjectFacts): ObjectEvent {
  const { bucket, key, size, lastModified } = facts
  const etag = facts.etag?.replace(/^"(.*)"$/s, '$1')
  const ms = stepOf(lastModified.getTime(), stepMs)
  return {
    storage,
    bucket,
    key,
    size,
    ...(etag ? { etag } : {}),
    sequencer: sequencerAt(ms),
    time: new Date(ms).toISOString(),
  }
}

/** What a listing would give as the sequencer of an event; undefined when it does not say when the object was written. */
export function listedSequencer(sequencer: string | undefined, stepMs: number): string | undefined {
  if (sequencer === undefined || !/^[0-9a-f]{15,16}$/i.test(sequencer)) return undefined
  const ms = Number(BigInt(`0x${sequencer}`) / NS_PER_MS)
  return ms >= EARLIEST_MS && ms < LATEST_MS ? sequencerAt(stepOf(ms, stepMs)) : undefined
}

const NS_PER_MS = 1_000_000n
const DIGITS = 16
/** Outside of these a number is no time. */
const EARLIEST_MS = Date.UTC(2000)
const LATEST_MS = Date.UTC(2200)

const stepOf = (ms: number, stepMs: number) => Math.floor(ms / stepMs) * stepMs

const sequencerAt = (ms: number) => (BigInt(ms) * NS_PER_MS).toString(16).padStart(DIGITS, '0')
