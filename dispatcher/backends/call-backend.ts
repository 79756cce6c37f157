/**
 * A back-end that is called: the dispatcher hands it one attempt after the other and is told how each ended.
 *
 * - `start` and `resume` return at once. Whatever happens, the end of the attempt is told once, by `host.onOutcome`, unless
 *   the dispatcher closes first: then the attempt goes on, and the next life of the dispatcher calls `resume` for it.
 * - `resume` is for an attempt that an earlier life had claimed: it may run, may have ended, or may never have been called.
 * - `windUp` is for one that has ended on record, but not at the back-end for all that is known: its end is told as well.
 * - Results stay in the staging place until the dispatcher fetches them with `results`; `forget` clears it. It is not called
 *   after an end without a usage: then `windUp` asks for that later.
 */
import type { Readable } from 'node:stream'
import type { BackendStatus } from '../../runtime/contract/dispatcher-api.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { Outcome } from '../../runtime/contract/outcome.js'
import type { Release } from '../../runtime/contract/release.js'
import type { AttemptDocument, LogLine } from '../../runtime/contract/runtime-api.js'
import type { BackendLimits } from './backend.js'

/** One attempt, as the back-end gets it. */
export interface AttemptCall {
  /** `<invocation>.<number>` */
  id: string
  release: Release
  /** Without grants: the input travels by `input`. */
  document: Omit<AttemptDocument, 'input'>
  input: CallInput
}

/** The input file: an object in S3 that the function may read itself, or content that has to be staged. */
export type CallInput =
  | { kind: 's3'; bucket: string; key: string; size: number; name: string; region?: string }
  | { kind: 'content'; size: number; name: string; open(): Promise<Readable> }

/** An attempt that was called, or was to be. */
export type CalledAttempt = Pick<AttemptCall, 'id' | 'release'>

/** What an attempt used, for its price. */
export interface Usage {
  /** Milliseconds that are billed, start-up included. */
  billedMs: number
  /** MB */
  memorySize: number
  /** MB */
  ephemeralStorageSize: number
  architecture: FunctionSpec['architecture']
}

/** One result in the staging place. */
export interface StagedResult {
  /** Path below the output directory. */
  name: string
  /** bytes */
  size: number
  /** Where it waits, for a copy on the server's side. */
  bucket: string
  key: string
  open(): Promise<Readable>
}

export interface CallBackend {
  readonly limits: BackendLimits
  /** Why it cannot run the spec at all, and what its user should know when it can. */
  check(spec: FunctionSpec): { refusal?: string; notes: string[] }
  /** How many more attempts of that release it would take now; undefined while that is not known: none yet. */
  room(release: Pick<Release, 'function'>): number | undefined
  start(call: AttemptCall): void
  resume(call: AttemptCall): void
  /** The attempt is not wanted any more; what it may still do is not taken, but has to be paid for. */
  cancel(attempt: string): void
  /** Stops it if it runs, calls for nothing, and finds out what it has used. */
  windUp(attempt: CalledAttempt): void
  /** Of an attempt that succeeded. */
  results(attempt: string): AsyncIterable<StagedResult>
  /** The attempt is settled and paid for: nothing of it needs to stay. */
  forget(attempt: string): Promise<void>
  status(): Omit<BackendStatus, 'running'>
  close(): Promise<void>
}

/** What a called back-end gets from the dispatcher. */
export interface CallHost {
  /** `usage`: `none` for a call that the provider never took; absent while nobody knows. */
  onOutcome(attempt: string, outcome: Outcome, usage?: Usage | 'none'): void
  /** The attempt is seen to be alive: its lease is renewed. */
  onAlive(attempt: string): void
  onLog(attempt: string, lines: readonly LogLine[]): void
  /** It takes more than it said before. */
  onRoom(): void
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>): void
}
