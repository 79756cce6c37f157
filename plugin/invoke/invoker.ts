/** Whoever carries out an invocation for `serverless invoke`: a dispatcher, or AWS Lambda alone. */
import type { Readable } from 'node:stream'
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { PublishedOutput, ResultBody } from '../../runtime/contract/outcome.js'
import type { Content } from '../http.js'

/** What a function is invoked on. */
export type Work =
  /** `contentType`: absent where it is too large to look at. */
  | { kind: 'content'; content: Content; contentType?: string }
  | { kind: 'prefix'; place: Pick<InputRule, 'storage' | 'bucket' | 'prefix'> }

/** How one invocation ended. */
export interface InvocationEnd {
  /** Of the invocation, or of the request to Lambda. */
  id: string
  /** Key of the object that it was about. */
  key?: string
  /** Why it failed. */
  failure?: string
  /** What it answers a request with. */
  result?: ResultBody
  outputs: Output[]
  /** What it printed, as far as it is known; loaded when it is asked for. */
  log(): Promise<string[]>
}

export interface Output extends PublishedOutput {
  open(): Promise<Readable>
}

export interface Invoker {
  /** Resolves to the ids of what will run. */
  begin(work: Work): Promise<string[]>
  /** Ends come as they happen. */
  run(work: Work): AsyncIterable<InvocationEnd>
  /** Where more is told of an invocation. */
  moreAbout(id: string): string
}
