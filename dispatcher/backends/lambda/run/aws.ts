/** The little of AWS that running attempts takes; tests may stand in for it. */
import type { Readable } from 'node:stream'
import type { AwsTimes } from './times.js'

/** Where AWS is. */
export interface AwsPlace {
  /** Undefined: that of the environment. */
  region?: string
  stagingBucket: string
  /** URLs of servers that stand in for AWS. */
  endpoints?: { lambda?: string; s3?: string }
  /** Undefined: found where AWS's clients look for them. */
  credentials?: AwsKeys
  /** Undefined: `TIMES`. */
  times?: AwsTimes
}

export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export interface Invocation {
  functionName: string
  /** Version or alias; absent: the newest code. */
  qualifier?: string
  payload: Buffer
  /** Breaks off the wait; what was begun goes on. */
  signal: AbortSignal
}

/** Lambda has run the function, however that ended. */
export interface InvocationAnswer {
  /** Any failure of the function. */
  functionError?: string
  payload: string
  /** The end of its log. */
  logTail: string
}

export interface FunctionFacts {
  state?: string
  stateReason?: string
}

export interface LambdaCalls {
  invoke(invocation: Invocation): Promise<InvocationAnswer>
  functionFacts(name: string, qualifier?: string): Promise<FunctionFacts>
  /** Executions at once that the account has for functions without a reservation. */
  accountConcurrency(): Promise<number | undefined>
  close(): void
}

/** The staging bucket. */
export interface StagingBucket {
  readonly name: string
  put(key: string, content: Buffer): Promise<void>
  /** Content of that many bytes. */
  putStream(key: string, content: Readable, size: number): Promise<void>
  /** Undefined when there is no such object. */
  get(key: string): Promise<Buffer | undefined>
  open(key: string): Promise<Readable>
  removeBelow(prefix: string): Promise<void>
  close(): void
}

export interface Aws {
  lambda: LambdaCalls
  staging: StagingBucket
}
