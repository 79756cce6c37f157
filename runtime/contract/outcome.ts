/** How an attempt ended. A failure is a value of the same shape as a success, plus its cause; the first cause wins. */

interface CauseFacts {
  /** Another attempt may succeed. */
  retryable: boolean
  /** Another back-end may do better where this one could not. */
  elsewhere: boolean
  /** The script, its image or its input is at fault; counts against the function's `retries`. */
  userFault: boolean
  meaning: string
}

const cause = (retryable: boolean, elsewhere: boolean, userFault: boolean, meaning: string): CauseFacts =>
  Object.freeze({ retryable, elsewhere, userFault, meaning })

/** Columns: retryable, another back-end may do better, the user's fault. */
export const CAUSES = Object.freeze({
  'script-exit': cause(true, false, true, 'the script ended with an exit code other than 0'),
  timeout: cause(true, true, true, 'the attempt took longer than the timeout of the function'),
  'out-of-memory': cause(true, true, true, 'the script was killed for using more than its memory'),
  'no-space': cause(true, true, true, 'the scratch space was full'),
  'input-missing': cause(false, false, true, 'the input object is gone or is not readable'),
  'input-too-large': cause(false, true, true, 'the input does not fit the scratch space'),
  'output-refused': cause(false, false, true, 'a result could not be published where the function says'),
  image: cause(true, true, true, 'the image could not be pulled or started'),
  'worker-lost': cause(true, false, false, 'the worker stopped answering and its lease ran out'),
  evicted: cause(true, false, false, 'the worker was asked to stop and gave the attempt back'),
  throttled: cause(true, true, false, 'the back-end refused more work for now'),
  'backend-unavailable': cause(true, true, false, 'the back-end could not be reached'),
  cancelled: cause(false, false, false, 'somebody cancelled it'),
  internal: cause(true, false, false, 'a fault of Spillway itself'),
})

export type Cause = keyof typeof CAUSES

export const CAUSE_NAMES = Object.keys(CAUSES) as Cause[]

/** One published result: where it went and how large it is. */
export interface PublishedOutput {
  storage: string
  bucket: string
  key: string
  /** bytes */
  size: number
}

/** Milliseconds that each stage of an attempt took, as the supervisor measured them. */
export interface StageTimes {
  stageInMs: number
  runMs: number
  stageOutMs: number
}

/** The standard output of a script that answered a request; base64 only where it is not UTF-8. */
export interface ResultBody {
  encoding: 'utf8' | 'base64'
  body: string
  /** True when more was printed than `RESULT_BYTES_MAX`; the rest is in the log. */
  truncated?: boolean
}

interface OutcomeCommon {
  times?: StageTimes
  exitCode?: number
  signal?: string
}

export interface Succeeded extends OutcomeCommon {
  outcome: 'succeeded'
  /** Names of the staged results, in the order of the `outputs` call that granted them. */
  outputs: string[]
  result?: ResultBody
}

export interface Failed extends OutcomeCommon {
  outcome: 'failed'
  cause: Cause
  /** The back-end is well: the fault is of this function there. */
  ofFunction?: boolean
  /** Where, what was expected, what came, what to do. */
  message: string
  result?: ResultBody
}

export type Outcome = Succeeded | Failed

export const failed = (failure: Omit<Failed, 'outcome'>): Failed => ({ outcome: 'failed', ...failure })
