/** As much of Lambda as invoking needs. */

export interface LambdaApi {
  /** Once, however long it takes; throttling and functions that are not ready yet are waited out. */
  invoke(call: LambdaInvocation): Promise<LambdaReply>
  close(): void
}

export interface LambdaInvocation {
  /** Of the function. */
  name: string
  payload: Buffer
  /** `Event`: answered as soon as it is queued. */
  type: 'RequestResponse' | 'Event'
}

export interface LambdaReply {
  requestId: string
  payload: Buffer
  /** Present when the function failed: then the payload says why. */
  functionError?: string
  /** The last 4 KB of its log. */
  logTail: string
}
