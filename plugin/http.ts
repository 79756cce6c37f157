/** HTTP requests whose bodies are streams: of dispatchers, and of stores that were opened by a presigned request. */
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Grant } from '../runtime/contract/grant.js'

export interface HttpCall extends Pick<Grant, 'url' | 'headers' | 'ca'> {
  method: string
  body?: Buffer
  signal?: AbortSignal
}

export interface HttpAnswer {
  status: number
  body: Buffer
}

/** What is to be sent: read as often as it takes. */
export interface Content {
  /** Of the file. */
  name: string
  /** bytes */
  size: number
  /** Of the whole, or of `size` bytes from `start` on. */
  open(stretch?: { start: number; size: number }): Readable
}

/** Milliseconds without a byte in either direction after which a transfer counts as broken. */
const IDLE_MS = 60_000

/** Resolves with the head of the answer; its body is still to be read. */
export function openHttp({ body, ...call }: HttpCall): Promise<IncomingMessage> {
  const { request, answer } = begin(call)
  request.end(body)
  return answer
}

/** One request whose body is streamed; the answer may come before it was read. */
export async function putContent(
  call: Omit<HttpCall, 'body'>,
  { size, open }: Pick<Content, 'size' | 'open'>,
): Promise<HttpAnswer> {
  const headers = { ...call.headers, 'content-length': String(size) }
  const { request, answer } = begin({ ...call, headers })
  request.setTimeout(IDLE_MS, () => request.destroy(new Error(`nothing was heard for ${IDLE_MS / 1000} s`)))
  const sent = size === 0 ? request.end() : pipeline(open(), request)
  try {
    const message = await Promise.race([answer, Promise.resolve(sent).then(() => answer)])
    return { status: message.statusCode ?? 0, body: await buffer(message) }
  } finally {
    request.destroy()
  }
}

function begin({ method, url, headers, ca, signal }: Omit<HttpCall, 'body'>) {
  const send = url.startsWith('https:') ? requestHttps : requestHttp
  const options = { method, headers, agent: false, ...(ca ? { ca } : {}), ...(signal ? { signal } : {}) }
  const request = send(url, options)
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  return { request, answer }
}
