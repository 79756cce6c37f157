/** What a script sees: names of variables, and the one function that fills them in. The same on every back-end. */
import type { BackendName } from './function-spec.js'

/** Bytes of the event up to which `EVENT` holds it; one variable may not be longer than 128 KiB on Linux. */
export const EVENT_VARIABLE_BYTES_MAX = 96 * 1024

/** Bytes of standard output that are kept as the answer to a request; the limit of a Lambda response. */
export const RESULT_BYTES_MAX = 6 * 1024 ** 2

/** Seconds between SIGTERM and SIGKILL. */
export const KILL_AFTER_SECONDS = 5

/** Longest file name that common file systems take, in bytes. */
export const FILE_NAME_BYTES_MAX = 255

export interface ScriptFacts {
  invocation: string
  attempt: number
  functionName: string
  release: number
  backend: BackendName
  /** Epoch milliseconds at which SIGTERM comes. */
  deadlineMs: number
  /** The event as JSON text. */
  event: string
  eventFile: string
  /** ISO 8601 */
  eventTime: string
  /** Undefined when the input is a request body. */
  objectKey?: string
  /** Undefined when there is no input at all. */
  inputFile?: string
  inputDir: string
  outputDir: string
  filesDir: string
}

/** The variables of section 3 of the contract, OSCAR's and SCAR's old names included. */
export function scriptVariables(facts: ScriptFacts): Record<string, string> {
  const variables: Record<string, string | undefined> = {
    INPUT_FILE_PATH: facts.inputFile,
    TMP_INPUT_DIR: facts.inputDir,
    TMP_OUTPUT_DIR: facts.outputDir,
    STORAGE_OBJECT_KEY: facts.objectKey,
    EVENT_TIME: facts.eventTime,
    EVENT: Buffer.byteLength(facts.event) <= EVENT_VARIABLE_BYTES_MAX ? facts.event : undefined,
    EVENT_FILE_PATH: facts.eventFile,
    REQUEST_ID: facts.invocation,
    AWS_LAMBDA_REQUEST_ID: facts.invocation,
    SCAR_INPUT_FILE: facts.inputFile,
    SCAR_INPUT_DIR: facts.inputDir,
    SCAR_OUTPUT_FOLDER: facts.outputDir,
    SCAR_OUTPUT_DIR: facts.outputDir,
    TMP_OUTPUT_FOLDER: facts.outputDir,
    SPILLWAY_FUNCTION: facts.functionName,
    SPILLWAY_RELEASE: String(facts.release),
    SPILLWAY_BACKEND: facts.backend,
    SPILLWAY_ATTEMPT: String(facts.attempt),
    SPILLWAY_DEADLINE_MS: String(facts.deadlineMs),
    SPILLWAY_FILES_DIR: facts.filesDir,
  }
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** Variables that only the supervisor reads; they are taken out before a script starts. */
export const SUPERVISOR_VARIABLES = Object.freeze({
  /** `host:port` of the Runtime API. */
  runtimeApi: 'AWS_LAMBDA_RUNTIME_API',
  /** Bearer token of this worker; `-`: it comes on standard input, where no script can look it up in /proc. */
  workerToken: 'SPILLWAY_WORKER_TOKEN',
  /** Start token, with which worker token, worker file and files are fetched, once: it is worth nothing afterwards. */
  startToken: 'SPILLWAY_START_TOKEN',
  /** Path of the worker file (see `runtime-api`). */
  workerFile: 'SPILLWAY_WORKER_FILE',
  /** Path of the function's file on AWS Lambda, where it is not in its usual place (see `lambda-function`). */
  functionFile: 'SPILLWAY_FUNCTION_FILE',
  /** Directory for scratch space; one sub-directory per attempt. */
  scratch: 'SPILLWAY_SCRATCH',
})

/** Exit codes of the supervisor itself; `outOfReach`: it had started, and its dispatcher has been away for a whole lease since. */
export const EXIT = Object.freeze({ done: 0, failed: 1, outOfReach: 75 })

/** Value of `workerToken` that means standard input. */
export const TOKEN_ON_STANDARD_INPUT = '-'

/** Name of the file in a scratch directory that holds the process group of the running script. */
export const PROCESS_GROUP_FILE = 'process-group'
