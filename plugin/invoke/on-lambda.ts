/** Invocations of a function that is on AWS Lambda alone: no dispatcher keeps a record of them. */
import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { LAMBDA_LIMITS } from '../../runtime/contract/aws-limits.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { inputAccepts } from '../../runtime/contract/filters.js'
import { stagingPrefix, type LambdaRequest } from '../../runtime/contract/lambda-function.js'
import { formatLocation } from '../../runtime/contract/location.js'
import { s3Notification } from '../../runtime/events/s3-notification.js'
import type { LambdaApi, LambdaReply } from '../aws/lambda-api.js'
import { openLambda } from '../aws/open-lambda.js'
import { openS3 } from '../aws/open-s3.js'
import type { S3Api } from '../aws/s3-api.js'
import type { CommandContext } from '../context.js'
import type { ServiceFunction } from '../service.js'
import { inLanes } from './in-lanes.js'
import type { InvocationEnd, Invoker, Work } from './invoker.js'
import { failureIn, runsIn } from './lambda-answer.js'
import { putByGrant } from './put-by-grant.js'

/** Invocations at once. */
const LANES = 10
/** Bytes of a JSON document around a body. */
const ENVELOPE_BYTES = 4096
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ASYNC_PAYLOAD_BYTES = 1024 ** 2
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html, of one request */
const UPLOAD_BYTES_MAX = 5 * 1024 ** 3

type Type = 'RequestResponse' | 'Event'

/** One call of the function. */
interface Call {
  payload: Buffer
  /** Of the object. */
  key?: string
}

export interface LambdaInvokerParts {
  lambda: LambdaApi
  s3: S3Api
  entry: ServiceFunction
  /** Bucket through which large requests pass. */
  staging: string
}

export async function openLambdaInvoker(context: CommandContext, entry: ServiceFunction): Promise<Invoker> {
  const config = await context.aws().clientConfig()
  const staging = context.service.lambda!.stagingBucket
  return new LambdaInvoker({ lambda: await openLambda(config), s3: await openS3(config), entry, staging })
}

export class LambdaInvoker implements Invoker {
  readonly #parts: LambdaInvokerParts

  constructor(parts: LambdaInvokerParts) {
    this.#parts = parts
  }

  async begin(work: Work): Promise<string[]> {
    const calls = await this.#calls(work, 'Event')
    const ids: string[] = []
    for await (const { requestId } of inLanes(calls, LANES, ({ payload }) => this.#invoke(payload, 'Event')))
      ids.push(requestId)
    return ids
  }

  async *run(work: Work): AsyncIterable<InvocationEnd> {
    const calls = await this.#calls(work, 'RequestResponse')
    yield* inLanes(calls, LANES, async ({ payload, key }) =>
      this.#endOf(await this.#invoke(payload, 'RequestResponse'), key),
    )
  }

  moreAbout(): string {
    return `serverless logs --function ${this.#parts.entry.key}`
  }

  #invoke(payload: Buffer, type: Type): Promise<LambdaReply> {
    const { lambda, entry } = this.#parts
    return lambda.invoke({ name: entry.name, payload, type })
  }

  #calls(work: Work, type: Type): Promise<Call[]> {
    return work.kind === 'prefix' ? this.#objectCalls(work.place) : this.#contentCalls(work, type)
  }

  /** What the function would be told of each object, had it just been created. */
  async #objectCalls(place: Extract<Work, { kind: 'prefix' }>['place']): Promise<Call[]> {
    const { s3, entry } = this.#parts
    const { storage, bucket, prefix } = place
    if (entry.spec.input.length === 0)
      throw new SpillwayError(
        'invalid-request',
        `${entry.key} has no \`input\`, so its role may read nothing. Give it one that ${formatLocation(place)} is in, and deploy.`,
      )
    const time = new Date().toISOString()
    const calls: Call[] = []
    for await (const { key, size } of s3.list(bucket, prefix)) {
      const event = { storage, bucket, key, size, time }
      if (!entry.spec.input.some((rule) => inputAccepts(rule, event))) continue
      calls.push({ key, payload: Buffer.from(JSON.stringify(s3Notification(event, 's3'))) })
    }
    return calls
  }

  /** A JSON document is the event as it is, which programs with a runtime client of their own expect. */
  async #contentCalls({ content, contentType }: Extract<Work, { kind: 'content' }>, type: Type): Promise<Call[]> {
    const most = (type === 'Event' ? ASYNC_PAYLOAD_BYTES : LAMBDA_LIMITS.payloadBytes) - ENVELOPE_BYTES
    if (contentType === 'application/json' && content.size <= most) return [{ payload: await buffer(content.open()) }]
    const inBase64 = Math.ceil(content.size / 3) * 4
    const request: LambdaRequest = {
      spillway: 'request',
      contentType: contentType ?? 'application/octet-stream',
      ...(inBase64 <= most
        ? { body: (await buffer(content.open())).toString('base64') }
        : { staged: await this.#upload(content) }),
    }
    return [{ payload: Buffer.from(JSON.stringify(request)) }]
  }

  async #upload(content: Extract<Work, { kind: 'content' }>['content']): Promise<LambdaRequest['staged']> {
    const { s3, entry, staging } = this.#parts
    const { name, size } = content
    if (size > UPLOAD_BYTES_MAX)
      throw new SpillwayError(
        'body-too-large',
        `${name} has ${size} bytes, one upload takes ${UPLOAD_BYTES_MAX}. Put it into a bucket of its \`input\`, and invoke with --input.`,
      )
    const key = `${stagingPrefix(entry.name)}requests/${randomUUID()}/${name}`
    const url = await s3.presignPut(staging, key)
    if ((await putByGrant({ url, expiresAt: 0 }, content)) === 'sent') return { key, size, name }
    throw new SpillwayError('storage-unavailable', `S3 does not answer at ${new URL(url).host}; nothing was uploaded.`)
  }

  #endOf({ requestId, payload, functionError, logTail }: LambdaReply, key: string | undefined): InvocationEnd {
    const { s3 } = this.#parts
    const end = {
      id: requestId,
      ...(key === undefined ? {} : { key }),
      outputs: [],
      log: async () => logTail.trimEnd().split('\n'),
    }
    if (functionError !== undefined) return { ...end, failure: failureIn(payload) }
    const [run] = runsIn(payload) ?? []
    if (!run) return { ...end, result: { encoding: 'base64', body: payload.toString('base64') } }
    const outputs = run.outputs.map((output) => ({ ...output, open: () => s3.open(output.bucket, output.key) }))
    return { ...end, outputs, ...(run.result ? { result: run.result } : {}) }
  }
}
