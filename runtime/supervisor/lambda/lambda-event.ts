/** One event of Lambda, before it is known what it is about. */
import { RUNTIME_HEADERS } from '../../contract/runtime-api.js'
import type { RawEvent } from '../api-client.js'

export interface LambdaEvent extends RawEvent {
  /** Milliseconds from the start of this process to its first call, with the first event of a sandbox. */
  initMs?: number
}

/** When Lambda ends it, epoch milliseconds. */
export const lambdaDeadlineMs = ({ headers }: LambdaEvent): number => Number(headers[RUNTIME_HEADERS.deadlineMs])
