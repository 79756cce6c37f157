/**
 * What dispatchers on one database share through it. Every driver that lets several in keeps these promises:
 *
 * - A dispatcher is a member while the connection is there that all its writes go through. One that has lost it writes
 *   nothing, holds no duty, and counts itself out before anybody else may count it out.
 * - A duty is held by one member at a time; it is free at once when its holder is gone.
 * - What a member looked after is adopted by one other, and only when that member is gone.
 * - Words may get lost when their sender dies or a connection breaks: nothing may depend on them but speed.
 */
import type { BackendName } from '../../runtime/contract/function-spec.js'

export interface SharedAttempt {
  invocation: string
  attempt: number
}

/** Another dispatcher that has the database open. */
export interface Member {
  number: number
  /** What it said with its last beat. */
  note: string
}

export interface Beat {
  /** All others. */
  members: Member[]
  /** Another text when a function came, changed or went. */
  functions: string
}

export interface Ear {
  onWords(words: string): void
  /** Words may have been missed: nobody listened for a while. */
  onGap(): void
}

export interface LogChunk {
  lines: number
  /** One JSON document a line. */
  content: string
}

export interface Shared {
  isMember(): boolean
  /**
   * Says that this one is alive, with a note for the others, and looks who else is. One that has been silent for too
   * long is cut off, and so a member no more.
   */
  beat(note: string): Promise<Beat>
  /** Takes the duty unless another one has it; true: this one has it until its connection ends. */
  take(duty: string): Promise<boolean>
  holds(duty: string): boolean

  /** Takes over what publishes its results, or runs on one of these back-ends, and whose dispatcher is gone. */
  adopt(called: readonly BackendName[]): Promise<SharedAttempt[]>

  /** What a running attempt was granted, as a text of its caller, in place of what was kept before; false = fenced. */
  keepGrants(attempt: SharedAttempt, granted: string): Promise<boolean>
  grants(attempt: SharedAttempt): Promise<string | undefined>

  /** Spends the start token of a worker; may be repeated with the same nonce, unless the worker was sent away. */
  spendStart(worker: string, nonce: string, now: number): Promise<'started' | 'spent' | 'dismissed'>
  dismiss(worker: string, now: number): Promise<void>
  isDismissed(worker: string): Promise<boolean>

  appendLog(invocation: string, chunk: LogChunk): Promise<void>
  /** Chunks from the one on that has the line after `skip` lines, with the number of lines before it. */
  readLog(invocation: string, skip: number): Promise<(LogChunk & { before: number })[]>

  /** Forgets grants of attempts that have ended, and workers noted before that time. */
  tidy(workersBefore: number): Promise<void>

  /** Hears what others tell, until the database is closed. */
  listen(ear: Ear): void
  /** Tells all others, soon. Each text at most `WORDS_MAX` bytes. */
  tell(words: string): Promise<void>
}

/** Bytes of one `tell`. */
export const WORDS_MAX = 7500
