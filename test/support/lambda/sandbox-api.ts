/** The Runtime API as one sandbox of Lambda has it: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SandboxEvent {
  requestId: string
  deadlineMs: number
  arn: string
  payload: Buffer
}

export interface SandboxAnswer {
  kind: 'response' | 'error'
  body: Buffer
  errorType?: string
}

const ROOT = '/2018-06-01/runtime'
const ANSWER_BYTES_MAX = 6 * 1024 ** 2 + 100

export class SandboxApi {
  readonly #server: Server
  #poll: ServerResponse | undefined
  #event: SandboxEvent | undefined
  #answered: ((answer: SandboxAnswer) => void) | undefined
  #ready: (() => void)[] = []
  initError: Buffer | undefined

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.requestTimeout = 0
  }

  static async open(host: string): Promise<SandboxApi> {
    const api = new SandboxApi()
    api.#server.listen(0, host)
    await once(api.#server, 'listening')
    return api
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `${address}:${port}`
  }

  /** Resolves when the runtime asks for an event. */
  ready(): Promise<void> {
    return this.#poll ? Promise.resolve() : new Promise((resolve) => this.#ready.push(resolve))
  }

  /** To a runtime that asks for one. */
  deliver(event: SandboxEvent): Promise<SandboxAnswer> {
    const poll = this.#poll
    if (!poll) throw new Error('the runtime does not ask for an event')
    this.#poll = undefined
    this.#event = event
    return new Promise((resolve) => {
      this.#answered = resolve
      poll.writeHead(200, {
        'content-type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': event.requestId,
        'Lambda-Runtime-Deadline-Ms': String(event.deadlineMs),
        'Lambda-Runtime-Invoked-Function-Arn': event.arn,
        'Lambda-Runtime-Trace-Id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0',
      })
      poll.end(event.payload)
    })
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (path === `${ROOT}/invocation/next`) return this.#wait(response)
    const body = await buffer(request)
    if (path === `${ROOT}/init/error`) {
      this.initError = body
      return send(response, 202, { status: 'OK' })
    }
    const [, id, word] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? []
    if (!this.#event || id !== this.#event.requestId) return send(response, 400, { errorType: 'InvalidRequestID' })
    if (body.length > ANSWER_BYTES_MAX) return send(response, 413, { errorType: 'RequestEntityTooLarge' })
    this.#event = undefined
    const errorType = request.headers['lambda-runtime-function-error-type']
    this.#answered?.({
      kind: word === 'error' ? 'error' : 'response',
      body,
      ...(typeof errorType === 'string' ? { errorType } : {}),
    })
    send(response, 202, { status: 'OK' })
  }

  #wait(response: ServerResponse): void {
    this.#poll = response
    for (const resolve of this.#ready.splice(0)) resolve()
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
