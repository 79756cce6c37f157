/** The Runtime API as calls; says what became of each one, decides nothing. */
import type {
  LogLine,
  HeartbeatAnswer,
  OutputsAnswer,
  OutputsRequest,
  AttemptDocument,
  StartAnswer,
  StartRequest,
} from '../contract/runtime-api.js'
import { NEXT_MS, OUTCOME_CONTENT_TYPE, RUNTIME_HEADERS, RUNTIME_PATHS } from '../contract/runtime-api.js'
import type { Outcome } from '../contract/outcome.js'
import type { ApiConfig } from './config.js'
import { exchange, type HttpAnswer, type HttpRequest } from './http-request.js'

export interface Attempt {
  id: string
  document: AttemptDocument
  /** `lambda-runtime-*` of the answer, without the id. */
  headers: Record<string, string>
}

/** What `next` brings, before anything is made of it. */
export type RawEvent = Pick<Attempt, 'id' | 'headers'> & { body: Buffer }

export type Next =
  { kind: 'attempt'; attempt: Attempt } | { kind: 'nothing' | 'dismissed' } | { kind: 'refused'; message: string }

/** Answers other than "done": fenced = another attempt has taken over; refused = saying it again will not help. */
export type Answer<T> = { kind: 'done'; value: T } | { kind: 'fenced' } | { kind: 'refused'; message: string }

/** The dispatcher cannot be reached, or cannot answer for now: worth another try. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** Milliseconds after which a call counts as lost. */
const CALL_MS = 15_000

/** As much for the long poll: a dispatcher that stands still, or is cut off, lets nobody hear that it is gone. */
const POLL_MS = NEXT_MS + 5000

export class ApiClient {
  #lastContactMs: number

  constructor(
    private readonly config: ApiConfig,
    private readonly now: () => number,
  ) {
    this.#lastContactMs = now()
  }

  /** Milliseconds since the dispatcher last answered anything. */
  get silenceMs(): number {
    return this.now() - this.#lastContactMs
  }

  async start(request: StartRequest, onSent: () => void): Promise<Answer<StartAnswer>> {
    return read(await this.#post({ path: RUNTIME_PATHS.start, body: JSON.stringify(request), onSent }))
  }

  /** Waits for work as long as the dispatcher lets it. */
  async next(signal: AbortSignal, onSent: () => void): Promise<Next> {
    const answer = await this.#call({ method: 'GET', path: RUNTIME_PATHS.next, signal, idleMs: POLL_MS, onSent })
    if (answer.status === 200) return { kind: 'attempt', attempt: readAttempt(readEvent(answer)) }
    if (answer.status === 204) return { kind: 'nothing' }
    if (answer.status === 410) return { kind: 'dismissed' }
    return { kind: 'refused', message: describe(answer) }
  }

  /** Waits for the next event of AWS Lambda, whatever it is; a sandbox may stand still for hours meanwhile. */
  async nextEvent(signal: AbortSignal): Promise<RawEvent> {
    const answer = await this.#call({ method: 'GET', path: RUNTIME_PATHS.next, signal })
    if (answer.status === 200) return readEvent(answer)
    throw new Unreachable(describe(answer))
  }

  /** Answers an event of AWS Lambda. */
  async respond(id: string, body: Buffer, headers: Record<string, string> = {}): Promise<Answer<unknown>> {
    return settled(await this.#post({ path: RUNTIME_PATHS.response(id), body, headers }))
  }

  /** Answers an event of AWS Lambda with an error. */
  async fail(id: string, body: Buffer, headers: Record<string, string>): Promise<Answer<unknown>> {
    return settled(await this.#post({ path: RUNTIME_PATHS.error(id), body, headers }))
  }

  async heartbeat(attempt: string, idleMs: number): Promise<Answer<HeartbeatAnswer>> {
    return read(await this.#post({ path: RUNTIME_PATHS.heartbeat(attempt), body: '{}', idleMs }))
  }

  async outputs(attempt: string, request: OutputsRequest, signal: AbortSignal): Promise<Answer<OutputsAnswer>> {
    return read(await this.#post({ path: RUNTIME_PATHS.outputs(attempt), body: JSON.stringify(request), signal }))
  }

  async log(attempt: string, lines: LogLine[], signal: AbortSignal): Promise<Answer<unknown>> {
    return settled(await this.#post({ path: RUNTIME_PATHS.log(attempt), body: JSON.stringify({ lines }), signal }))
  }

  async giveBack(attempt: string, idleMs: number): Promise<Answer<undefined>> {
    return settled(await this.#post({ path: RUNTIME_PATHS.release(attempt), body: '{}', idleMs }))
  }

  /** Answers the worker's next attempt, when it takes one and one is ready. */
  async report(attempt: string, outcome: Outcome, takesNext: boolean): Promise<Answer<Attempt | undefined>> {
    const next: Record<string, string> = takesNext ? { [RUNTIME_HEADERS.takesNext]: 'true' } : {}
    const { headers, ...report } = reportOf(attempt, outcome)
    const answer = await this.#post({ ...report, headers: { ...headers, ...next } })
    if (answer.status === 200) return { kind: 'done', value: readAttempt(readEvent(answer)) }
    return settled(answer)
  }

  async initError(message: string): Promise<void> {
    const errorType = 'Spillway.Config'
    const body = JSON.stringify({ errorMessage: message, errorType, stackTrace: [] })
    await this.#post({
      path: RUNTIME_PATHS.initError,
      body,
      headers: { [RUNTIME_HEADERS.errorType]: errorType },
      idleMs: 2000,
    })
  }

  #post({ body, headers, ...rest }: Omit<Call, 'method' | 'body'> & { body: string | Buffer }): Promise<HttpAnswer> {
    const json = { 'content-type': 'application/json', ...headers }
    return this.#call({ method: 'POST', body: asBuffer(body), headers: json, idleMs: CALL_MS, ...rest })
  }

  async #call({ path, headers, ...rest }: Call): Promise<HttpAnswer> {
    const token: Record<string, string> = this.config.token ? { authorization: `Bearer ${this.config.token}` } : {}
    const answer = await this.#reach({ ...rest, url: this.config.baseUrl + path, headers: { ...token, ...headers } })
    if (answer.status >= 500 || answer.status === 429) throw new Unreachable(describe(answer))
    this.#lastContactMs = this.now()
    return answer
  }

  async #reach(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await exchange(request)
    } catch (error) {
      throw new Unreachable(error instanceof Error ? error.message : String(error), { cause: error })
    }
  }
}

type Call = Omit<HttpRequest, 'url'> & { path: string }

function reportOf(attempt: string, outcome: Outcome) {
  const headers = { 'content-type': OUTCOME_CONTENT_TYPE }
  if (outcome.outcome === 'succeeded')
    return { path: RUNTIME_PATHS.response(attempt), body: JSON.stringify(outcome), headers }
  const errorType = `Spillway.${outcome.cause}`
  const body = JSON.stringify({ errorMessage: outcome.message, errorType, stackTrace: [], outcome })
  return { path: RUNTIME_PATHS.error(attempt), body, headers: { ...headers, [RUNTIME_HEADERS.errorType]: errorType } }
}

function readEvent({ headers, body }: HttpAnswer): RawEvent {
  const { [RUNTIME_HEADERS.requestId]: id, ...others } = headers
  if (typeof id !== 'string' || id === '')
    throw new Unreachable(`the answer to next has no ${RUNTIME_HEADERS.requestId}`)
  return { id, headers: runtimeHeaders(others), body }
}

const runtimeHeaders = (headers: HttpAnswer['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('lambda-runtime-') ? [[name, String(value)]] : [],
    ),
  )

const readAttempt = ({ id, headers, body }: RawEvent): Attempt => ({
  id,
  headers,
  document: JSON.parse(body.toString()) as AttemptDocument,
})

const asBuffer = (body: string | Buffer): Buffer => (typeof body === 'string' ? Buffer.from(body) : body)

function settled(answer: HttpAnswer): Answer<undefined> {
  if (answer.status >= 200 && answer.status < 300) return { kind: 'done', value: undefined }
  return answer.status === 409 ? { kind: 'fenced' } : { kind: 'refused', message: describe(answer) }
}

function read<T>(answer: HttpAnswer): Answer<T> {
  const verdict = settled(answer)
  return verdict.kind === 'done' ? { kind: 'done', value: JSON.parse(answer.body.toString()) as T } : verdict
}

/** The detail of a problem document, or what else there is. */
function describe({ status, body }: HttpAnswer): string {
  const text = body.subarray(0, 4096).toString()
  const detail = /"detail"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1]
  return `${status} ${detail ? String(JSON.parse(detail)) : text.slice(0, 200)}`.trim()
}
