/**
 * Between the dispatcher and a function on Lambda: the event of an attempt, and what the supervisor leaves in the staging
 * bucket. The answer of Lambda itself may get lost; what lies in the bucket does not.
 */
import type { Outcome } from './outcome.js'
import type { AttemptDocument } from './runtime-api.js'

/** The event by which the dispatcher hands a function one attempt. */
export interface LambdaCall extends Omit<AttemptDocument, 'input' | 'limits'> {
  spillway: 'attempt'
  release: number
  /** seconds; the time that Lambda grants may be shorter */
  timeout: number
  /** Absent for a request without a body. */
  input?: LambdaCallInput
  /** Seconds between two looks at whether the attempt is still wanted. */
  heartbeatSeconds: number
}

/** A small input travels with the event; a larger one lies in the staging bucket, or where the function may read it. */
export type LambdaCallInput =
  | { kind: 'inline'; name: string; /** base64 */ data: string }
  | { kind: 's3'; name: string; bucket: string; key: string; /** bytes */ size: number; region?: string }

/**
 * What lies below `attemptPrefix`. An execution is one delivery of the event: should there be two of an attempt, each has
 * results of its own, and the first to write `outcome` is the one that counts.
 */
export const STAGED = Object.freeze({
  /** Written by the dispatcher. */
  input: 'input',
  /** Written by the dispatcher: stop, the attempt is not wanted any more. */
  cancel: 'cancel',
  /** A `StartedDocument`. */
  started: 'started.json',
  /** One result of an execution, by its number: names of results may be longer than keys. */
  output: (execution: string, index: number) => `output/${execution}/${index}`,
  /** `LogLine`s of an execution, one JSON document a line. */
  log: (execution: string) => `log/${execution}.ndjson`,
  /** An `OutcomeDocument`; written last, and once. */
  outcome: 'outcome.json',
})

/** Where an attempt runs; for those who look for its log at AWS. */
export interface StartedDocument {
  /** Lambda's request id. */
  execution: string
  logGroup: string
  logStream: string
  /** Epoch milliseconds */
  startedAt: number
}

export interface OutcomeDocument extends StartedDocument {
  outcome: Outcome
  /** Sizes of the results, in the order of the outcome's `outputs`. */
  sizes: number[]
  /** Epoch milliseconds */
  endedAt: number
  /** Milliseconds that the start of the sandbox took, where this was its first event. */
  initMs?: number
}
