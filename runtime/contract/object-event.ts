/** "This object was created." What every notification of every storage becomes before anything else looks at it. */
export interface ObjectEvent {
  /** Name of the configured storage that holds the object. */
  storage: string
  bucket: string
  /** Decoded key, exactly as the object is called. */
  key: string
  /** bytes */
  size: number
  /** Version id where the bucket keeps versions. */
  version?: string
  /** Unquoted entity tag. */
  etag?: string
  /** Hexadecimal; orders events of one key when padded (see `compareSequencers`). */
  sequencer?: string
  /** ISO 8601 */
  time: string
}

/**
 * The same creation of the same object gives the same text, however often and on whatever road it is reported. The version
 * counts only where there is no tag: notifications tell it, listings do not.
 */
export function eventIdentity(event: ObjectEvent): string {
  return JSON.stringify([
    event.storage,
    event.bucket,
    event.key,
    event.etag ?? event.version ?? '',
    event.sequencer ?? '',
  ])
}

/**
 * Order of two events of one key: negative when `a` came first. The shorter text is padded with zeros on the right:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function compareSequencers(a: string, b: string): number {
  const length = Math.max(a.length, b.length)
  const left = a.toLowerCase().padEnd(length, '0')
  const right = b.toLowerCase().padEnd(length, '0')
  return left < right ? -1 : left > right ? 1 : 0
}

/** The last segment of a key: the name under which the object is staged for the script. */
export function baseName(key: string): string {
  const segments = key.split('/').filter((segment) => segment !== '')
  return segments.at(-1) ?? 'input'
}
