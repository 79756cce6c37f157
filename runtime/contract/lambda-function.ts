/**
 * A function on AWS Lambda: what the last layer of its image tells the supervisor, what it is invoked with, and what it
 * answers. Written by the plugin when it deploys; read by the supervisor there and by the dispatcher's Lambda back-end.
 */
import { LAMBDA_LIMITS } from './aws-limits.js'
import type { FunctionSpec, InputRule, OutputRule } from './function-spec.js'
import { CAUSE_NAMES, type Cause, type PublishedOutput, type ResultBody, type StageTimes } from './outcome.js'
import type { WorkerRun } from './runtime-api.js'

/** Where the layer lies in the image; the runtime kit is above it. */
export const LAMBDA_FUNCTION_DIRECTORY = '/opt/spillway/function'
/** Holds a `LambdaFunctionFile`. */
export const LAMBDA_FUNCTION_FILE = `${LAMBDA_FUNCTION_DIRECTORY}/worker.json`
/** The script and the extra files, by their paths in the service: `SPILLWAY_FILES_DIR`. */
export const LAMBDA_FILES_DIRECTORY = `${LAMBDA_FUNCTION_DIRECTORY}/files`

/** The function itself, never part of an event. */
export interface LambdaFunctionFile {
  /** Full name, that of the Lambda function too. */
  function: string
  /** Changes exactly when the spec or a file does. */
  digest: string
  /** What runs; where the function has neither script nor command, the ENTRYPOINT and CMD of the image. */
  run: WorkerRun
  filesDir: string
  /** WORKDIR of the image; made at run time where it lies below /tmp. */
  workingDirectory: string
  /** USER of the image as written; Lambda runs everything as a user of its own. */
  user: string
  /** ENV of the image, as scripts see it: Lambda's own variables and the kit's are not in it. */
  imageEnvironment: Record<string, string>
  /** Names of the function's own variables; their values are in the environment of the Lambda function. */
  variables: string[]
  /** Taken by the supervisor from AWS Secrets Manager, see `parseSecretName`. */
  secrets: FunctionSpec['secrets']
  /** What a notification must match to be work. */
  input: InputRule[]
  /** Where results go, unless the invocation has a dispatcher that publishes them. */
  output: OutputRule[]
  /** Of every storage in `input` and `output`. */
  storages: Record<string, LambdaStorage>
  isolation: FunctionSpec['isolation']
  /** Files of invocations with a dispatcher, and inputs that are too large for an event, pass through here. */
  staging: LambdaStaging
  limits: {
    /** seconds, as the Lambda function has it: at most 900 */
    timeout: number
    /** MB */
    memorySize: number
    /** MB of /tmp */
    ephemeralStorageSize: number
  }
}

export interface LambdaStorage {
  /** Absent: that of the Lambda function. */
  region?: string
}

export interface LambdaStaging {
  bucket: string
  /** The function's own part of the bucket, with `/` at its end: its role reads and writes there and nowhere beside it. */
  prefix: string
}

/** Seconds that Lambda grants beyond the timeout of a function: within them its outcome is reported. */
const REPORT_SECONDS = 10

/** Seconds after which Lambda ends a function of that timeout, seconds. */
export const lambdaTimeout = (timeout: number): number =>
  Math.min(Math.ceil(timeout) + REPORT_SECONDS, LAMBDA_LIMITS.timeout)

/** Days for which the staging bucket keeps what an attempt left there: so long is it known what that has used. */
export const STAGED_DAYS = 7

/** `spillway/<function>/` */
export const stagingPrefix = (functionName: string): string => `spillway/${functionName}/`

/** Where an attempt leaves its results, and `outcome.json` last; `attempt` is a number. */
export const attemptPrefix = (functionName: string, invocation: string, attempt: number): string =>
  `${stagingPrefix(functionName)}${invocation}/${attempt}/`

/**
 * An event that is a request: a body that is no JSON, or a file that was put into the staging bucket because it is too
 * large. S3 notifications are objects; every other event is itself, as JSON text, the body of a request.
 */
export interface LambdaRequest {
  spillway: 'request'
  contentType: string
  /** base64 */
  body?: string
  /** Below the staging prefix. */
  staged?: { key: string; size: number; name: string }
}

/** What an invocation without a dispatcher answers: one run for each record of a notification, one for a request. */
export interface LambdaAnswer {
  runs: LambdaRun[]
}

export interface LambdaRun {
  /** Key of the object; absent for a request. */
  key?: string
  outputs: PublishedOutput[]
  /** Standard output, for a request. */
  result?: ResultBody
  times?: StageTimes
}

const ERROR_TYPE = 'Spillway.'

/** `errorType` of the function error that a failed invocation ends with; its `errorMessage` is the outcome's message. */
export const errorTypeOf = (cause: Cause): string => `${ERROR_TYPE}${cause}`

/** Undefined for an error that the supervisor has not reported itself. */
export const causeOfErrorType = (errorType: string): Cause | undefined =>
  CAUSE_NAMES.find((cause) => errorTypeOf(cause) === errorType)

/**
 * `NAME` is a secret of AWS Secrets Manager, `NAME/KEY` one value of a secret that is a JSON map; a secret whose own name
 * has slashes is `NA/ME/`.
 */
export function parseSecretName(from: string): { name: string; key?: string } {
  const at = from.lastIndexOf('/')
  if (at <= 0) return { name: from }
  const [name, key] = [from.slice(0, at), from.slice(at + 1)]
  return key === '' ? { name } : { name, key }
}
