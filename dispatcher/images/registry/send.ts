/**
 * One call of a registry's API: redirects followed, passing faults tried again, never waited for without end. By
 * node:http, as with `fetch` a layer on its way from one registry to another takes five times the memory.
 */
import http from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Answer } from './answer.js'
import type { Call } from './call.js'
import { unreachable } from './faults.js'

export type Send = (call: Call) => Promise<Answer>

const SILENCE_MS = 60_000
const TRIES = 4
const REDIRECTS_MAX = 5

/** Delays grow from this, each twice the last, and are shortened at random. */
const FIRST_DELAY_MS = 250

/** A registry that wants more patience than this is answered with its own refusal. */
const RETRY_AFTER_MAX_MS = 30_000

/** https://developer.mozilla.org/docs/Web/HTTP/Reference/Status: too many requests, and faults of servers and their proxies. */
const PASSING = [429, 500, 502, 503, 504]
const REDIRECTS = [301, 302, 303, 307, 308]

/** Answers with what the registry said at last; throws when it did not answer. */
export async function send(call: Call, { firstDelayMs = FIRST_DELAY_MS } = {}): Promise<Answer> {
  for (let tried = 1; ; tried++) {
    const isLast = tried >= (call.tries ?? TRIES)
    const answer = await once(call).catch((error: Error) => error)
    call.signal?.throwIfAborted()
    if (answer instanceof Error && isLast) throw unreachable(call, answer)
    if (answer instanceof Answer && (isLast || !PASSING.includes(answer.status))) return answer
    const growing = firstDelayMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2)
    const wanted = answer instanceof Answer ? retryAfterMs(answer.header('retry-after')) : undefined
    if (answer instanceof Answer && (wanted ?? 0) > RETRY_AFTER_MAX_MS) return answer
    if (answer instanceof Answer) answer.drop()
    await pause(wanted ?? growing, call.signal)
  }
}

const pause = (milliseconds: number, signal: AbortSignal | undefined) =>
  delay(milliseconds, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())

async function once(call: Call): Promise<Answer> {
  let { url, headers = {} } = call
  for (let hops = 0; ; hops++) {
    const answer = await exchange({ ...call, url, headers })
    const location = REDIRECTS.includes(answer.status) && answer.header('location')
    if (!location || call.body || hops === REDIRECTS_MAX) return answer
    answer.drop()
    const next = new URL(location, url)
    headers = next.origin === url.origin ? headers : withoutAuthorization(headers)
    url = next
  }
}

function exchange({ method, url, headers, body, silenceMs = SILENCE_MS, signal }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { request: open } = url.protocol === 'https:' ? https : http
    const request = open(url, { method, headers: { ...headers }, ...(signal ? { signal } : {}) })
    request.setTimeout(silenceMs, () => request.destroy(new Error(`nothing for ${silenceMs / 1000} s`)))
    request.on('error', reject)
    request.once('response', (message) => {
      // Who answers before it has everything does not want the rest.
      message.once('end', () => request.writableFinished || request.destroy())
      resolve(new Answer(message))
    })
    const content = body?.()
    if (content === undefined || Buffer.isBuffer(content)) request.end(content)
    else pipeline(content, request).catch(reject)
  })
}

/** A store that holds the blobs of a registry is somebody else, and its addresses are signed. */
const withoutAuthorization = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'))

/** Seconds or a date: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Retry-After */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}
