/** A file as the event of its creation: writing to it or replacing it gives another identity, leaving it alone the same. */
import type { BigIntStats } from 'node:fs'
import type { ObjectEvent } from '../../../runtime/contract/object-event.js'

/** What is looked at of a file; times in nanoseconds. */
export type FileFacts = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ino'>

/** Digits of a sequencer; enough for nanoseconds until the year 2554, so that all compare as texts. */
const SEQUENCER_DIGITS = 16

export function objectEvent(object: Pick<ObjectEvent, 'storage' | 'bucket' | 'key'>, facts: FileFacts): ObjectEvent {
  return {
    ...object,
    size: Number(facts.size),
    etag: entityTag(facts),
    sequencer: (facts.mtimeNs > 0n ? facts.mtimeNs : 0n).toString(16).padStart(SEQUENCER_DIGITS, '0'),
    time: isoTime(facts.mtimeNs),
  }
}

export const entityTag = ({ size, mtimeNs, ino }: FileFacts): string =>
  [size, mtimeNs, ino].map((number) => number.toString(16)).join('-')

/** Most milliseconds on either side of 1970 that a `Date` can hold; file systems can hold more. */
const DATE_MS_MAX = 8_640_000_000_000_000n

function isoTime(ns: bigint): string {
  const ms = ns / 1_000_000n
  const held = ms > DATE_MS_MAX ? DATE_MS_MAX : ms < -DATE_MS_MAX ? -DATE_MS_MAX : ms
  return new Date(Number(held)).toISOString()
}
