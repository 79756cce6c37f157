/** One HTTP request over node:http; fetch would cost 100 ms at the start and 30 MB. */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import type * as Https from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface HttpRequest {
  method: string
  url: string
  /** Sent in place of the URL's own, which has lost every `.` and `..` by the time it is parsed. */
  path?: string
  headers?: Record<string, string>
  /** Certificate authority that the server's certificate must be of, PEM; absent = one that the machine trusts. */
  ca?: string
  /** A stream needs its content-length among the headers. */
  body?: Buffer | Readable
  signal?: AbortSignal
  /** Milliseconds of silence after which the connection counts as broken; undefined = wait for ever (long poll). */
  idleMs?: number
}

export interface HttpAnswer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

const ANSWER_BYTES_MAX = 64 * 1024 ** 2
const KEEP_ALIVE_MS = 15_000

const agentOptions = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxFreeSockets: 4 }
const httpAgent = new Agent(agentOptions)
/** By certificate authority. */
const secureAgents = new Map<string | undefined, Https.Agent>()

/** Resolves once the head of the answer is there; its body must be read or destroyed. */
export async function open(call: HttpRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = deferred<IncomingMessage>()
  const outgoing = start(call)
  outgoing.on('response', resolve)
  outgoing.on('error', reject)
  outgoing.on('socket', (socket) => outgoing.reusedSocket || socket.setKeepAlive(true, KEEP_ALIVE_MS))
  outgoing.on('timeout', () => outgoing.destroy(new Error(`nothing was heard for ${call.idleMs} ms`)))
  if (call.body === undefined || Buffer.isBuffer(call.body)) outgoing.end(call.body)
  // A store may refuse before it has read everything: its answer says more than the broken pipe.
  else pipeline(call.body, outgoing).catch((error: Error) => setImmediate(reject, error))
  return promise
}

/** The whole answer; for documents, not for files. */
export async function exchange(call: HttpRequest): Promise<HttpAnswer> {
  const answer = await open(call)
  const body = await contentOf(answer)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

/** Without an iterator, which costs a tenth of a millisecond. */
function contentOf(answer: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = deferred<Buffer>()
  const chunks: Buffer[] = []
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > ANSWER_BYTES_MAX) answer.destroy(new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`))
  })
  answer.on('end', () => resolve(Buffer.concat(chunks, bytes)))
  answer.on('error', reject)
  answer.on('close', () => reject(new Error('the answer broke off')))
  return promise
}

function start({ method, url, path, headers, ca, body, signal, idleMs }: HttpRequest) {
  const length = Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : {}
  const options: RequestOptions = {
    method,
    headers: { ...length, ...headers },
    ...(path === undefined ? {} : { path }),
    ...(signal ? { signal } : {}),
    ...(idleMs === undefined ? {} : { timeout: idleMs }),
  }
  if (!url.startsWith('https:')) return httpRequest(url, { ...options, agent: httpAgent })
  // TLS is loaded only where it is used.
  const https = require('node:https') as typeof Https
  const agent = secureAgents.get(ca) ?? new https.Agent({ ...agentOptions, ...(ca === undefined ? {} : { ca }) })
  secureAgents.set(ca, agent)
  return https.request(url, { ...options, agent })
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
