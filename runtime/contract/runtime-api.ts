/**
 * Between dispatcher and supervisor: the AWS Lambda Runtime API, plus calls of ours under `/v1`.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import type { BackendName } from './function-spec.js'
import type { InputGrant, OutputGrant } from './grant.js'

const RUNTIME = '/2018-06-01/runtime'

export const RUNTIME_PATHS = Object.freeze({
  next: `${RUNTIME}/invocation/next`,
  response: (attempt: string) => `${RUNTIME}/invocation/${attempt}/response`,
  error: (attempt: string) => `${RUNTIME}/invocation/${attempt}/error`,
  initError: `${RUNTIME}/init/error`,
  heartbeat: (attempt: string) => `/v1/attempts/${attempt}/heartbeat`,
  outputs: (attempt: string) => `/v1/attempts/${attempt}/outputs`,
  log: (attempt: string) => `/v1/attempts/${attempt}/log`,
  release: (attempt: string) => `/v1/attempts/${attempt}/release`,
  /** Where the grant of a request body points. */
  body: (attempt: string) => `/v1/attempts/${attempt}/body`,
  /** Where grants of a storage on the dispatcher's own disk point, for workers that do not share it. */
  input: (attempt: string) => `/v1/attempts/${attempt}/input`,
  result: (attempt: string, number: number | string) => `/v1/attempts/${attempt}/results/${number}`,
  /** The first call of a worker that was started with a start token; answers a `StartAnswer`. */
  start: '/v1/workers/start',
  /** Where the grants of a function's larger files point. */
  packaged: (number: number | string) => `/v1/workers/files/${number}`,
})

/** Milliseconds for which `next` waits for work; then it is answered "nothing yet", and the worker asks again. */
export const NEXT_MS = 10_000

export const RUNTIME_HEADERS = Object.freeze({
  /** The attempt's id; AWS's name. Every later call about the attempt carries it in its path. */
  requestId: 'lambda-runtime-aws-request-id',
  deadlineMs: 'lambda-runtime-deadline-ms',
  functionArn: 'lambda-runtime-invoked-function-arn',
  traceId: 'lambda-runtime-trace-id',
  errorType: 'lambda-runtime-function-error-type',
  /** Sent with a report by a worker that takes its next attempt with the answer: the answer of `next` then, where one is ready. */
  takesNext: 'spillway-takes-next',
})

/** Content type by which our own supervisor is told apart from a foreign runtime client: its body is an `Outcome`. */
export const OUTCOME_CONTENT_TYPE = 'application/vnd.spillway.outcome+json'

/** Body of the answer to `next` for our own supervisor. */
export interface AttemptDocument {
  invocation: string
  attempt: number
  /** What the script finds in `EVENT`: an S3 notification, or the JSON body of a request. */
  event: unknown
  /** ISO 8601 */
  eventTime: string
  /** Undefined for a request body. */
  objectKey?: string
  input: InputGrant[]
  limits: {
    /** Epoch milliseconds at which the script gets SIGTERM. */
    deadlineMs: number
    /** MB of scratch space that input, output and work may take. */
    ephemeralStorageSize: number
  }
  /** True when standard output is the answer to a request and travels with the outcome. */
  wantsResult: boolean
}

/** The file that a worker is started with: the function itself, never part of an event. */
export interface WorkerFile {
  function: string
  release: number
  backend: BackendName
  run: WorkerRun
  environment: Record<string, string>
  /** Directory with the function's script and files; `SPILLWAY_FILES_DIR`. */
  filesDir: string
  /** Undefined: a private scratch directory. */
  workingDirectory?: string
  /** They may not hold more than an attempt's `ephemeralStorageSize`: a worker that overfills them is sent away. */
  limitedDirectories?: readonly string[]
  /** End after one attempt. */
  fresh: boolean
  /** Seconds between two heartbeats. */
  heartbeatSeconds: number
  /** Seconds after which a worker that cannot reach its dispatcher stops what it runs. */
  leaseSeconds: number
}

/** Body of `start`. */
export interface StartRequest {
  /** Chosen by the worker: a start whose answer got lost is repeated with the same one, and by nobody else. */
  nonce: string
}

/** All that a worker needs which was started with nothing but a start token. */
export interface StartAnswer {
  /** For every later call; kept in memory only. */
  token: string
  worker: WorkerFile
  /** The function's script and files, to be placed below `filesDir`. */
  files: StartFile[]
}

/** The grant's name is the path below `filesDir`, with /. */
export interface StartFile {
  /** Permission bits. */
  mode: number
  grant: InputGrant
}

export type WorkerRun =
  | { kind: 'script'; path: string }
  /** `runtimeClient`: whether it asks for its events itself; without it, its words tell (see `isRuntimeClient`). */
  | { kind: 'command'; command: string[]; runtimeClient?: boolean }

/** Body of `heartbeat`'s answer. */
export interface HeartbeatAnswer {
  /** True: stop the script, somebody cancelled it. */
  cancel: boolean
  /** Epoch milliseconds at which the script gets SIGTERM. */
  deadlineMs: number
}

/** Body of `outputs`: what the script left behind, names relative to the output directory. */
export interface OutputsRequest {
  outputs: { name: string; size: number }[]
}

/** For every name the places it goes to; none when no output takes it. */
export interface OutputsAnswer {
  outputs: { name: string; grants: OutputGrant[] }[]
}

/** Body of `log`: lines as the script printed them. */
export interface LogRequest {
  lines: LogLine[]
}

export interface LogLine {
  /** Epoch milliseconds */
  time: number
  stream: 'stdout' | 'stderr' | 'system'
  text: string
}

/** What a worker token says; signed, so that it is checked without a look-up. */
export interface WorkerClaims {
  function: string
  release: number
  backend: BackendName
  worker: string
  /** True: it sees the dispatcher's files under the same paths, so grants may be `file:`. */
  sharesDisk: boolean
  /** Epoch milliseconds */
  expiresAt: number
}
