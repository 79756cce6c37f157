/** One HTTP request over node:http; fetch would cost 100 ms at the start and 30 MB. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import type * as Https from 'node:https'
import type { Socket } from 'node:net'
import { asError } from '../contract/errors.js'
import { sendPart, type FilePart } from './file-part.js'
import { agentFor, forgetKept, KEEP_ALIVE_MS } from './http-agents.js'

export interface HttpRequest {
  method: string
  url: string
  /** Sent in place of the URL's own, which has lost every `.` and `..` by the time it is parsed. */
  path?: string
  headers?: Record<string, string>
  /** Certificate authority that the server's certificate must be of, PEM; absent = one that the machine trusts. */
  ca?: string
  /** Its length is among the headers by itself. */
  body?: Buffer | FilePart
  signal?: AbortSignal
  /** Called once the request has left: until the answer comes there is time for something else. */
  onSent?: () => void
  /** Milliseconds of silence after which the connection counts as broken; undefined = wait for ever. */
  idleMs?: number
}

export interface HttpAnswer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

const ANSWER_BYTES_MAX = 64 * 1024 ** 2

/** Milliseconds in which somebody must pick up; Linux by itself would knock for two minutes where nobody is any more. */
const CONNECT_MS = 5000

/** Resolves once the head of the answer is there; its body must be read or destroyed. */
export async function open(call: HttpRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = deferred<IncomingMessage>()
  const outgoing = start(call)
  outgoing.on('response', resolve)
  outgoing.on('error', reject)
  outgoing.on('socket', (socket) => outgoing.reusedSocket || settleIn(socket))
  if (call.onSent) outgoing.on('finish', call.onSent)
  outgoing.on('timeout', () => {
    outgoing.destroy(new Error(`nothing was heard for ${call.idleMs} ms`))
    forgetKept(call)
  })
  if (call.body === undefined || Buffer.isBuffer(call.body)) outgoing.end(call.body)
  // A store may refuse before it has read everything: its answer says more than the broken pipe.
  else sendPart(call.body, outgoing).catch((error: Error) => setImmediate(() => outgoing.destroy(error)))
  return promise
}

/** What a connection needs that is new. */
function settleIn(socket: Socket): void {
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  if (!socket.connecting) return
  const late = setTimeout(() => socket.destroy(new Error(`nobody picked up for ${CONNECT_MS} ms`)), CONNECT_MS)
  for (const end of ['connect', 'close']) socket.once(end, () => clearTimeout(late))
}

/**
 * Resolves when the body of an answer has ended; what `take` throws breaks it off. Without an iterator, which costs a tenth
 * of a millisecond.
 */
export function eachPiece(answer: IncomingMessage, take: (piece: Buffer) => void): Promise<void> {
  const { promise, resolve, reject } = deferred<void>()
  answer.on('data', (piece: Buffer) => {
    if (answer.destroyed) return
    try {
      take(piece)
    } catch (error) {
      answer.destroy(asError(error))
    }
  })
  answer.on('end', resolve)
  answer.on('error', reject)
  answer.on('close', () => reject(new Error('the answer broke off')))
  return promise
}

/** The whole answer; for documents, not for files. */
export async function exchange(call: HttpRequest): Promise<HttpAnswer> {
  const answer = await open(call)
  const body = await contentOf(answer)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

async function contentOf(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  await eachPiece(answer, (piece) => {
    bytes += piece.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`)
    pieces.push(piece)
  })
  return Buffer.concat(pieces, bytes)
}

function start({ method, url, path, headers, ca, body, signal, idleMs }: HttpRequest) {
  const length = body ? { 'content-length': String(Buffer.isBuffer(body) ? body.length : body.size) } : {}
  const options: RequestOptions = {
    method,
    headers: { ...length, ...headers },
    ...(path === undefined ? {} : { path }),
    ...(signal ? { signal } : {}),
    ...(idleMs === undefined ? {} : { timeout: idleMs }),
  }
  const request = url.startsWith('https:') ? (require('node:https') as typeof Https).request : httpRequest
  return request(url, { ...options, agent: agentFor(url, ca) })
}

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
