/** The dispatcher's side of the Runtime API as a real HTTP server that hands out scripted attempts and writes down every call. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import type { OutputGrant } from '../../runtime/contract/grant.js'
import type { Failed, Outcome } from '../../runtime/contract/outcome.js'
import {
  RUNTIME_HEADERS,
  RUNTIME_PATHS,
  type AttemptDocument,
  type HeartbeatAnswer,
  type LogLine,
  type LogRequest,
  type OutputsRequest,
} from '../../runtime/contract/runtime-api.js'
import { eventually } from './eventually.js'

export interface Call {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

type Rule = (call: Call) => { status: number; body?: unknown } | undefined

export class FakeRuntimeApi {
  readonly calls: Call[] = []
  readonly outcomes = new Map<string, Outcome>()
  readonly released: string[] = []
  readonly initErrors: string[] = []
  readonly log: LogLine[] = []
  readonly announced: OutputsRequest['outputs'] = []
  /** Answers before the ordinary ones do; undefined = the ordinary answer. */
  rule: Rule = () => undefined
  heartbeat: () => Partial<HeartbeatAnswer> = () => ({})
  grants: (attempt: string, name: string) => OutputGrant[] = () => []
  /** Objects that `/store/...` serves and takes. */
  readonly store = new Map<string, Buffer>()

  readonly #queue: { id: string; document: AttemptDocument }[] = []
  readonly #deadlines = new Map<string, number>()
  readonly #polls: ServerResponse[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  #dismissed = false

  static async start(): Promise<FakeRuntimeApi> {
    const api = new FakeRuntimeApi()
    await api.listen()
    return api
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Epoch milliseconds of deadlines that nobody wants to reach. */
  static get later(): number {
    return Date.now() + 60_000
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response))
    server.requestTimeout = 0
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Goes away as a killed dispatcher does; `listen` brings it back on the same port. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.close()
    this.#polls.length = 0
    for (const socket of this.#sockets) socket.destroy()
    await once(server, 'close')
  }

  /** While it is away: resolves once somebody has tried to reach it so many times, and was hung up on. */
  async missed(times: number): Promise<void> {
    let missed = 0
    const nobody = createTcpServer((socket) => {
      missed++
      socket.destroy()
    }).listen(this.#port, '127.0.0.1')
    try {
      await eventually(() => missed >= times, { what: `${times} calls in vain` })
    } finally {
      nobody.close()
      await once(nobody, 'close')
    }
  }

  hand(id: string, document: AttemptDocument): void {
    this.#deadlines.set(id, document.limits.deadlineMs)
    this.#queue.push({ id, document })
    this.#serve()
  }

  dismiss(): void {
    this.#dismissed = true
    this.#serve()
  }

  get waiting(): number {
    return this.#polls.length
  }

  /** As one does that stands still, or is cut off: who waits hears nothing, not even that the connection has ended. */
  forgetWaiting(): void {
    this.#polls.length = 0
  }

  logText(stream: LogLine['stream']): string {
    return this.log
      .filter((line) => line.stream === stream)
      .map((line) => line.text)
      .join('\n')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (path.startsWith('/store/')) return this.#serveObject(request, response)
    const body = await bytesOf(request)
    const call = { method: request.method ?? '', path, headers: request.headers, body }
    this.calls.push(call)
    const ruled = this.rule(call)
    if (ruled) return send(response, ruled.status, ruled.body)
    if (path === RUNTIME_PATHS.next) return this.#poll(response)
    const [status, answer] = this.#settle(call)
    const next = call.headers[RUNTIME_HEADERS.takesNext] === undefined ? undefined : this.#queue.shift()
    if (next) send(response, 200, next.document, { [RUNTIME_HEADERS.requestId]: next.id })
    else send(response, status, answer)
  }

  #poll(response: ServerResponse): void {
    this.#polls.push(response)
    response.on('close', () => {
      const index = this.#polls.indexOf(response)
      if (index >= 0) this.#polls.splice(index, 1)
    })
    this.#serve()
  }

  #serve(): void {
    while (this.#polls.length > 0 && (this.#dismissed || this.#queue.length > 0)) {
      const poll = this.#polls.shift()!
      const next = this.#queue.shift()
      if (!next) send(poll, 410, {})
      else send(poll, 200, next.document, { [RUNTIME_HEADERS.requestId]: next.id })
    }
  }

  #settle({ path, body }: Call): [number, unknown] {
    const [, , , , id = '', verb = ''] = path.startsWith('/v1/') ? ['', ...path.split('/')] : path.split('/')
    const document = body.length > 0 ? (JSON.parse(body.toString()) as unknown) : {}
    switch (verb) {
      case 'heartbeat':
        return [200, { cancel: false, deadlineMs: this.#deadlines.get(id), ...this.heartbeat() }]
      case 'log':
        this.log.push(...(document as LogRequest).lines)
        return [202, {}]
      case 'outputs':
        this.announced.push(...(document as OutputsRequest).outputs)
        return [200, this.#grant(id, document as OutputsRequest)]
      case 'release':
        this.released.push(id)
        return [202, {}]
      case 'response':
        this.outcomes.set(id, document as Outcome)
        return [202, {}]
      case 'error':
        this.outcomes.set(id, (document as { outcome: Failed }).outcome)
        return [202, {}]
      default:
        this.initErrors.push((document as { errorMessage: string }).errorMessage)
        return [202, {}]
    }
  }

  #grant(attempt: string, { outputs }: OutputsRequest) {
    return { outputs: outputs.map(({ name }) => ({ name, grants: this.grants(attempt, name) })) }
  }

  async #serveObject(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent((request.url ?? '').slice('/store/'.length))
    const ruled = this.rule({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.alloc(0),
    })
    if (ruled) {
      request.resume()
      return send(response, ruled.status, ruled.body)
    }
    const sparse = /^zeros-(\d+)$/.exec(name)
    if (request.method === 'PUT') return this.#take(name, request, response)
    if (sparse) return stream(response, Number(sparse[1]))
    const content = this.store.get(name)
    if (!content) return send(response, 404, {})
    response.writeHead(200, { 'content-length': content.length }).end(content)
  }

  /** Large ones are counted, not kept. */
  async #take(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isLarge = Number(request.headers['content-length']) > 1e7
    let bytes = 0
    if (isLarge) for await (const chunk of request as AsyncIterable<Buffer>) bytes += chunk.length
    this.store.set(name, isLarge ? Buffer.from(String(bytes)) : await bytesOf(request))
    send(response, 200, {})
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body ?? {})
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}

async function stream(response: ServerResponse, bytes: number): Promise<void> {
  const piece = Buffer.alloc(65_536)
  response.writeHead(200, { 'content-length': bytes })
  for (let left = bytes; left > 0; left -= piece.length) {
    if (!response.write(piece.subarray(0, Math.min(left, piece.length)))) await once(response, 'drain')
  }
  response.end()
}
