/** Where objects live: `storage://bucket/prefix`. The storage's name may be left out where only one is configured. */

export interface Location {
  /** Name of a configured storage; undefined when the text did not name one. */
  storage?: string
  bucket: string
  /** Plain string prefix of keys, as in S3; empty = the whole bucket. */
  prefix: string
}

const PATTERN = /^(?:([a-z][a-z0-9-]*):\/\/)?([^/:\s][^/:]*)(?:\/(.*))?$/su

export const LOCATION_PATTERN = '^([a-z][a-z0-9-]*://)?[^/:\\s][^/:]*(/.*)?$'

/** `lake://plants/in/` -> `{storage: 'lake', bucket: 'plants', prefix: 'in/'}`; undefined when it is not of that form. */
export function parseLocation(text: string): Location | undefined {
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [, storage, bucket, prefix] = match
  return { ...(storage ? { storage } : {}), bucket: bucket!, prefix: prefix ?? '' }
}

export function formatLocation(location: Location): string {
  const storage = location.storage ? `${location.storage}://` : ''
  return `${storage}${location.bucket}/${location.prefix}`
}
