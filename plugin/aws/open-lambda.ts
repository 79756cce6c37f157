/** Lambda by the AWS SDK, which is loaded when it is first needed. */
import { setTimeout as delay } from 'node:timers/promises'
import type { InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda'
import type { AwsClientConfig } from '../serverless.js'
import { awsError } from './aws-error.js'
import type { LambdaApi, LambdaInvocation, LambdaReply } from './lambda-api.js'

type Sdk = typeof import('@aws-sdk/client-lambda')

/**
 * Too many at once, or a function that is being made ready: nothing has run.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
 */
const LATER: readonly string[] = ['TooManyRequestsException', 'ResourceConflictException', 'ResourceNotReadyException']

/** Milliseconds between two tries, doubled each time up to `most`, `total` in all. */
const WAITS = { first: 500, most: 10_000, total: 300_000 }

export async function openLambda(config: AwsClientConfig): Promise<LambdaApi> {
  const sdk = await import('@aws-sdk/client-lambda')
  // The SDK would call again when a connection breaks, and the function would run twice.
  return new SdkLambda(sdk, new sdk.LambdaClient({ ...config, maxAttempts: 1 }))
}

class SdkLambda implements LambdaApi {
  readonly #sdk: Sdk
  readonly #client: LambdaClient

  constructor(sdk: Sdk, client: LambdaClient) {
    this.#sdk = sdk
    this.#client = client
  }

  async invoke(call: LambdaInvocation): Promise<LambdaReply> {
    const until = Date.now() + WAITS.total
    for (let wait = WAITS.first; ; wait = Math.min(wait * 2, WAITS.most)) {
      try {
        return replyOf(await this.#client.send(this.#command(call)))
      } catch (error) {
        if (!isLater(error) || Date.now() + wait > until) throw awsError(`invoke ${call.name}`, error)
        await delay(wait)
      }
    }
  }

  close(): void {
    this.#client.destroy()
  }

  #command({ name, payload, type }: LambdaInvocation) {
    const log = type === 'RequestResponse' ? { LogType: 'Tail' as const } : {}
    return new this.#sdk.InvokeCommand({ FunctionName: name, Payload: payload, InvocationType: type, ...log })
  }
}

const isLater = (error: unknown) => LATER.includes((error as Error).name)

const replyOf = ({ $metadata, Payload, FunctionError, LogResult }: InvokeCommandOutput): LambdaReply => ({
  requestId: $metadata.requestId ?? '',
  payload: Buffer.from(Payload ?? []),
  ...(FunctionError === undefined ? {} : { functionError: FunctionError }),
  logTail: Buffer.from(LogResult ?? '', 'base64').toString('utf8'),
})
