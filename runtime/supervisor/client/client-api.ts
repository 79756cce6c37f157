/**
 * The Runtime API for one runtime client beside us, on loopback: it is handed one event at a time.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LAMBDA_LIMITS } from '../../contract/aws-limits.js'
import { RUNTIME_HEADERS, RUNTIME_PATHS } from '../../contract/runtime-api.js'

/** One event on its way to the client. */
export interface ClientEvent {
  id: string
  /** `lambda-runtime-*`, without the id. */
  headers: Record<string, string>
  body: Buffer
}

/** What the client said to it; the headers are those of its call. */
export interface ClientAnswer {
  kind: 'response' | 'error'
  headers: IncomingMessage['headers']
  body: Buffer
}

/** Bytes of an answer; Lambda's own API grants the 100 on top. */
const ANSWER_BYTES_MAX = LAMBDA_LIMITS.payloadBytes + 100

interface Handed {
  event: ClientEvent
  taken: boolean
  answered: (answer: ClientAnswer) => void
}

export class ClientApi {
  readonly #server: Server
  #current: Handed | undefined
  #poll: ServerResponse | undefined
  #asked: (() => void)[] = []
  #initError: ClientAnswer | undefined

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.requestTimeout = 0
    this.#server.keepAliveTimeout = 0
  }

  static async open(): Promise<ClientApi> {
    const api = new ClientApi()
    api.#server.listen(0, '127.0.0.1')
    await once(api.#server, 'listening')
    return api
  }

  /** `host:port`, for `AWS_LAMBDA_RUNTIME_API`. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What the client said before it gave up starting. */
  get initError(): ClientAnswer | undefined {
    return this.#initError
  }

  /** The client has the event that it was handed last. */
  get hasTaken(): boolean {
    return this.#current?.taken ?? false
  }

  /** Resolves when the client asks for an event, at once if it does so already. */
  asked(): Promise<void> {
    if (this.#poll) return Promise.resolve()
    return new Promise((resolve) => this.#asked.push(resolve))
  }

  /** Resolves to the client's answer; never if it does not answer. */
  hand(event: ClientEvent): Promise<ClientAnswer> {
    return new Promise((answered) => {
      this.#current = { event, taken: false, answered }
      this.#deliver()
    })
  }

  /** The client is gone, and with it what it was handed. */
  forget(): void {
    this.#current = undefined
    this.#poll = undefined
    this.#initError = undefined
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (request.method === 'GET' && path === RUNTIME_PATHS.next) return this.#wait(response)
    const body = await bytesOf(request).catch(() => undefined)
    if (body === undefined) return send(response, 413, 'RequestEntityTooLarge')
    const [status, errorType] = this.#note(path, body, request.headers)
    send(response, status, errorType)
  }

  #wait(response: ServerResponse): void {
    this.#poll = response
    response.on('close', () => {
      if (this.#poll === response) this.#poll = undefined
    })
    for (const resolve of this.#asked.splice(0)) resolve()
    this.#deliver()
  }

  #deliver(): void {
    const handed = this.#current
    const poll = this.#poll
    if (!handed || handed.taken || !poll) return
    handed.taken = true
    this.#poll = undefined
    const { id, headers, body } = handed.event
    poll.writeHead(200, {
      'content-type': 'application/json',
      'content-length': body.length,
      ...headers,
      [RUNTIME_HEADERS.requestId]: id,
    })
    poll.end(body)
  }

  /** Status and, unless it is 202, the type of the error. */
  #note(path: string, body: Buffer, headers: IncomingMessage['headers']): [number, string?] {
    if (path === RUNTIME_PATHS.initError) {
      this.#initError = { kind: 'error', headers, body }
      return [202]
    }
    const handed = this.#current
    const kind = (['response', 'error'] as const).find((one) => handed && path === RUNTIME_PATHS[one](handed.event.id))
    if (!handed || !kind) return [400, 'InvalidRequestID']
    this.#current = undefined
    const isError = kind === 'error' || headers[RUNTIME_HEADERS.errorType] !== undefined
    handed.answered({ kind: isError ? 'error' : 'response', headers, body })
    return [202]
  }
}

/** Rejects when there is more than an answer may have; the rest is read all the same, so that the refusal is heard. */
async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk)
  }
  // A streamed answer that broke off ends with the error's type: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
  Object.assign(request.headers, request.trailers)
  if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer has at most ${ANSWER_BYTES_MAX} bytes`)
  return Buffer.concat(chunks, bytes)
}

function send(response: ServerResponse, status: number, errorType?: string): void {
  const body = JSON.stringify(errorType === undefined ? { status: 'OK' } : { errorMessage: errorType, errorType })
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
