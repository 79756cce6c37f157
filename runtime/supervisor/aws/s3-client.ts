/** Requests to S3, signed with the function's role; what S3 says against one is a TransferError. */
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { FilePart } from '../file-part.js'
import { open } from '../http-request.js'
import { connected, IDLE_MS } from '../transfer/http-grant.js'
import { TransferError, type TransferFault } from '../transfer/transfer-error.js'
import { objectAddress, type S3Endpoint, type S3Object } from './s3-address.js'
import { queryOf, signedHeaders, type Credentials } from './sigv4.js'

export interface S3Config extends S3Endpoint {
  credentials: Credentials
  /** Epoch milliseconds */
  now: () => number
}

export interface S3Call {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  object: S3Object
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Buffer | FilePart
  /** Of the bucket, where it is known; found out otherwise. */
  region?: string | undefined
  /** Statuses that are an answer and no fault, beside 2xx. */
  expected?: readonly number[]
  signal?: AbortSignal
}

export interface S3Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

/** Answers to a request that went to another region than the bucket's. */
const ELSEWHERE = [301, 307, 400]

export class S3Client {
  readonly #config: S3Config
  /** Regions of buckets that are elsewhere. */
  readonly #regions = new Map<string, string>()

  constructor(config: S3Config) {
    this.#config = config
  }

  /** The whole answer; for documents, not for files. */
  async exchange(call: S3Call): Promise<S3Answer> {
    const answer = await this.open(call)
    const body = await connected(() => buffer(answer))
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: body.toString() }
  }

  /** Resolves to an answer whose body must be read or destroyed. */
  async open(call: S3Call): Promise<IncomingMessage> {
    const answer = await this.#send(call, this.#regionOf(call))
    const status = answer.statusCode ?? 0
    if (isFine(status) || call.expected?.includes(status)) return answer
    const region = answer.headers['x-amz-bucket-region']
    if (!ELSEWHERE.includes(status) || typeof region !== 'string' || region === this.#regionOf(call))
      throw await refusal(call, answer)
    answer.resume()
    this.#regions.set(call.object.bucket, region)
    const redirected = await this.#send(call, region)
    if (isFine(redirected.statusCode ?? 0) || call.expected?.includes(redirected.statusCode ?? 0)) return redirected
    throw await refusal(call, redirected)
  }

  #regionOf({ object, region }: S3Call): string {
    return this.#regions.get(object.bucket) ?? region ?? this.#config.region
  }

  #send({ method, object, query, headers, body, signal }: S3Call, region: string): Promise<IncomingMessage> {
    const { credentials, endpoint, now } = this.#config
    const place = objectAddress({ region, ...(endpoint ? { endpoint } : {}) }, object)
    const address = { ...place, ...(query ? { query } : {}) }
    const signed = signedHeaders({
      method,
      address,
      ...(headers ? { headers } : {}),
      ...(body === undefined || Buffer.isBuffer(body) ? { body: body ?? Buffer.alloc(0) } : {}),
      credentials,
      region,
      service: 's3',
      nowMs: now(),
    })
    const path = query ? `${address.path}?${queryOf(address)}` : address.path
    return connected(() =>
      open({
        method,
        url: address.origin,
        path,
        headers: signed,
        ...(body ? { body } : {}),
        ...(signal ? { signal } : {}),
        idleMs: IDLE_MS,
      }),
    )
  }
}

const isFine = (status: number) => status >= 200 && status <= 299

/** S3's own words: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
async function refusal({ method, object }: S3Call, answer: IncomingMessage): Promise<TransferError> {
  const text = (await buffer(answer).catch(() => Buffer.alloc(0))).toString()
  const [code, message] = ['Code', 'Message'].map((name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1])
  const status = answer.statusCode ?? 0
  const words = [status, code, message].filter(Boolean).join(' ')
  return new TransferError(faultOf(method, status, code), `S3 answered ${words} for ${object.bucket}/${object.key}`)
}

function faultOf(method: string, status: number, code: string | undefined): TransferFault {
  if (status >= 500 || status === 408 || status === 429 || code === 'RequestTimeout' || code === 'BadDigest')
    return 'interrupted'
  const isAbsent = status === 404 || status === 403 || status === 410
  return isAbsent && (method === 'GET' || method === 'HEAD') ? 'missing' : 'refused'
}
