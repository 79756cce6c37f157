/**
 * A named object store. Every driver keeps these promises:
 *
 * - `stage` gives a grant for exactly one object of one attempt. What is written with it is not visible under its
 *   final key until `publish`, which makes the whole object visible at once, and may be called again after a crash.
 * - Keys are opaque texts; one that the store cannot hold is refused with `invalid-key`, nothing outside the bucket
 *   can be read or written, whatever the key (or a link in the store) says.
 * - Missing objects are `object-not-found`, missing buckets `bucket-not-found`, an unreachable store `storage-unavailable`.
 */
import type { Readable } from 'node:stream'
import type { Grant, InputGrant, OutputGrant } from '../../runtime/contract/grant.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { PublishedOutput } from '../../runtime/contract/outcome.js'

/** Bucket and key of one object. */
export interface ObjectRef {
  bucket: string
  key: string
}

/** One version of it, where its store keeps versions and the version is known; else the newest. */
export interface ObjectVersion extends ObjectRef {
  version?: string
}

export interface NotifyFilter {
  prefix: string
  /** Endings of keys; none = all. */
  suffix: readonly string[]
}

export interface StageRequest extends ObjectRef {
  /** bytes that the worker announced */
  size: number
  /** `<invocation>.<number>`; groups what `discard` throws away. */
  attempt: string
  /** Epoch milliseconds */
  expiresAt: number
}

export interface Staged {
  grant: OutputGrant
  /** What `publish` needs to know; survives a restart as text. */
  ticket: string
}

export interface ObjectStore {
  /** As configured: the `storage` of specs and events. */
  readonly name: string
  readonly type: 'directory' | 's3' | 'minio'

  /**
   * Makes the store report creations below those prefixes to this dispatcher, and none elsewhere; what others have set up
   * for the bucket stays as it is. Absent where `watch` does. `webhook-missing` when the store has no way to reach us.
   */
  notify?(bucket: string, filters: readonly NotifyFilter[]): Promise<void>
  /** Creates the bucket unless it is there. */
  ensureBucket(bucket: string): Promise<void>
  /** The object as the event of its newest creation; undefined when there is none. */
  head(object: ObjectRef): Promise<ObjectEvent | undefined>
  /** Every object whose key starts with the prefix, in no order, without holding them all. */
  list(bucket: string, prefix: string): AsyncIterable<ObjectEvent>
  /**
   * What a notification said, with the identity that `head` and `list` give the same creation: so that what is reported and
   * listed is one event. Absent where notifications are not from the store itself.
   */
  asListed?(event: ObjectEvent): Promise<ObjectEvent>
  read(object: ObjectRef): Promise<Readable>
  /** Replaces the object as a whole once the stream has ended; a stream that fails leaves what was there. */
  write(object: ObjectRef, content: Readable): Promise<void>
  remove(object: ObjectRef): Promise<void>

  /** Grant to read the object; `object-not-found` when it is gone. */
  grantRead(object: ObjectVersion, expiresAt: number): Promise<Grant & Pick<InputGrant, 'size'>>
  stage(request: StageRequest): Promise<Staged>
  /**
   * As `stage`, with the content at hand, `size` bytes of it: resolves to the ticket once all of it is staged. A stream that
   * fails stages nothing.
   */
  fill(request: Omit<StageRequest, 'expiresAt'>, content: Readable): Promise<string>
  /**
   * As `fill`, of an object that this store can read itself: its content does not pass through here. Undefined, with nothing
   * staged, when the store will not read it. Absent where a store has no such copies.
   */
  fillFrom?(request: Omit<StageRequest, 'expiresAt'>, source: ObjectRef): Promise<string | undefined>
  /** Makes a staged object visible under its key; resolves to its real size. `output-refused` when nothing was staged. */
  publish(ticket: string): Promise<PublishedOutput>
  /** Throws away what the attempt staged and nobody published. */
  discard(attempt: string): Promise<void>
  /** Attempts that have something staged; absent where the store clears up by itself. */
  stagedAttempts?(): Promise<string[]>

  /**
   * Calls `created` for objects as they appear, until the signal aborts; may miss some (reconciliation finds them)
   * and may repeat some (their identity is the same). Absent where the store reports by webhook.
   */
  watch?(bucket: string, created: (event: ObjectEvent) => void, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
