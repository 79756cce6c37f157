/** Calls of the dispatcher's HTTP API, as values and SpillwayErrors. */
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  API_PATHS,
  type Accepted,
  type BackendStatus,
  type DecisionRequest,
  type FunctionDetails,
  type FunctionRecord,
  type InvocationList,
  type InvocationRecord,
  type ObjectsAnswer,
  type ObjectsRequest,
  type PutFunction,
  type PutFunctionAnswer,
  type StorageStatus,
  type UploadAnswer,
  type UploadRequest,
} from '../runtime/contract/dispatcher-api.js'
import type { Decision } from '../runtime/contract/decision.js'
import { asError, ERRORS, SpillwayError, type ErrorCode, type ProblemDocument } from '../runtime/contract/errors.js'
import type { State } from '../runtime/contract/invocation.js'
import type { LogLine } from '../runtime/contract/runtime-api.js'
import { openHttp, putContent, type Content, type HttpAnswer as Answer } from './http.js'

export interface DispatcherAddress {
  url: string
  token?: string
}

export interface InvocationQuery {
  function?: string
  state?: State
  /** Epoch milliseconds */
  since?: number
  limit?: number
  cursor?: string
}

interface Call {
  method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  path: string
  query?: Record<string, string | number | undefined>
  body?: Buffer
  contentType?: string
  /** Added to the time that any call may take. */
  waitSeconds?: number
}

/** Seconds after which a dispatcher that says nothing counts as gone. */
const ANSWER_SECONDS_MAX = 30
/** Seconds that a dispatcher may take to list a bucket and put everything in it on record. */
const LISTING_SECONDS_MAX = 900

export class DispatcherClient {
  readonly url: string
  readonly #token: string | undefined

  constructor({ url, token }: DispatcherAddress) {
    this.url = url.replace(/\/+$/, '')
    this.#token = token
  }

  /** False while it starts, stops or is not there. */
  async isReady(path: '/readyz' | '/healthz' = '/readyz'): Promise<boolean> {
    return this.#exchange({ path }).then(
      ({ status }) => status === 200,
      () => false,
    )
  }

  async functions(): Promise<FunctionRecord[]> {
    return (await this.#json<{ functions: FunctionRecord[] }>({ path: API_PATHS.functions })).functions
  }

  /** With digests of its files. */
  function(name: string): Promise<FunctionDetails> {
    return this.#json({ path: API_PATHS.function(name) })
  }

  async backends(): Promise<BackendStatus[]> {
    return (await this.#json<{ backends: BackendStatus[] }>({ path: API_PATHS.backends })).backends
  }

  /** None where the dispatcher is of a version that does not tell. */
  async storages(): Promise<StorageStatus[]> {
    try {
      return (await this.#json<{ storages: StorageStatus[] }>({ path: API_PATHS.storages })).storages
    } catch (error) {
      if (error instanceof SpillwayError && error.code === 'route-not-found') return []
      throw error
    }
  }

  putFunction(name: string, registration: PutFunction): Promise<PutFunctionAnswer> {
    return this.#json({ method: 'PUT', path: API_PATHS.function(name), ...json(registration) })
  }

  /** False when it was not there. */
  async removeFunction(name: string): Promise<boolean> {
    try {
      await this.#checked({ method: 'DELETE', path: API_PATHS.function(name) })
      return true
    } catch (error) {
      if (error instanceof SpillwayError && error.code === 'function-not-found') return false
      throw error
    }
  }

  invoke(name: string, input: { body: Buffer; contentType: string }): Promise<Accepted> {
    return this.#json({ method: 'POST', path: API_PATHS.invoke(name), ...input })
  }

  /** Invokes a function on every object below a prefix. */
  invokeOnObjects(name: string, objects: ObjectsRequest): Promise<ObjectsAnswer> {
    return this.#json({
      method: 'POST',
      path: API_PATHS.objects(name),
      ...json(objects),
      waitSeconds: LISTING_SECONDS_MAX,
    })
  }

  beginUpload(name: string, file: UploadRequest): Promise<UploadAnswer> {
    return this.#json({ method: 'POST', path: API_PATHS.uploads(name), ...json(file) })
  }

  completeUpload(name: string, upload: string): Promise<Accepted> {
    return this.#json({ method: 'POST', path: API_PATHS.completeUpload(name), ...json({ upload }) })
  }

  /** A file of any size, through the dispatcher. */
  async uploadFile(name: string, file: Content): Promise<Accepted> {
    const path = API_PATHS.uploadedFile(name, file.name)
    const { status, body } = await this.#reached(() => this.#put(path, file))
    return this.#parsed(this.#unlessProblem({ method: 'PUT', path }, { status, body }), path)
  }

  /** The content of an output of an invocation. */
  async output(id: string, number: number): Promise<Readable> {
    const path = API_PATHS.output(id, number)
    const answer = await this.#reached(() =>
      openHttp({ method: 'GET', url: this.url + path, headers: this.#authorization() }),
    )
    const { statusCode = 0 } = answer
    if (statusCode === 200) return answer
    this.#unlessProblem({ path }, { status: statusCode, body: await buffer(answer) })
    throw this.#foreign(`answered ${statusCode} to GET ${path}`)
  }

  /** Answers at once, or when the invocation ends, or after `waitSeconds`. */
  invocation(id: string, waitSeconds = 0): Promise<InvocationRecord> {
    const query = waitSeconds > 0 ? { wait: `${waitSeconds}s` } : {}
    return this.#json({ path: API_PATHS.invocation(id), query, waitSeconds })
  }

  invocations(query: InvocationQuery): Promise<InvocationList> {
    return this.#json({ path: API_PATHS.invocations, query: { ...query } })
  }

  /** Where it would run now, and why. */
  decide(request: DecisionRequest): Promise<Decision> {
    return this.#json({ method: 'POST', path: API_PATHS.decisions, ...json(request) })
  }

  async log(id: string): Promise<LogLine[]> {
    return parseLog(await this.#checked({ path: API_PATHS.log(id) }))
  }

  async cancel(id: string): Promise<void> {
    await this.#checked({ method: 'POST', path: API_PATHS.cancel(id) })
  }

  async redrive(id: string): Promise<void> {
    await this.#checked({ method: 'POST', path: API_PATHS.redrive(id) })
  }

  async redriveFunction(name: string): Promise<number> {
    return (await this.#json<{ redriven: number }>({ method: 'POST', path: API_PATHS.redriveFunction(name) })).redriven
  }

  async #json<T>(call: Call): Promise<T> {
    return this.#parsed(await this.#checked(call), call.path)
  }

  #parsed<T>(body: Buffer, path: string): T {
    try {
      return JSON.parse(body.toString('utf8')) as T
    } catch (cause) {
      throw this.#foreign(`sent something that is not JSON to ${path}`, cause)
    }
  }

  async #checked(call: Call): Promise<Buffer> {
    return this.#unlessProblem(call, await this.#reached(() => this.#exchange(call)))
  }

  #unlessProblem({ method = 'GET', path }: Pick<Call, 'method' | 'path'>, { status, body }: Answer): Buffer {
    if (status < 400) return body
    const problem = parseProblem(body)
    if (!problem) throw this.#foreign(`answered ${status} to ${method} ${path}`)
    const { type: _, title: __, status: ___, detail, code, ...details } = problem
    throw new SpillwayError(code, detail, details)
  }

  #foreign(what: string, cause?: unknown): SpillwayError {
    return new SpillwayError(
      'dispatcher-unreachable',
      `${this.url} ${what}, as no dispatcher does. Check the address in \`spillway.dispatcher\`.`,
      {},
      { cause },
    )
  }

  async #reached<T>(talk: () => Promise<T>): Promise<T> {
    try {
      return await talk()
    } catch (cause) {
      const { message } = asError(cause)
      throw new SpillwayError(
        'dispatcher-unreachable',
        `No dispatcher answers at ${this.url} (${message}). Start one with \`serverless spillway dev\`, or set \`spillway.dispatcher\` to the URL of yours.`,
        {},
        { cause },
      )
    }
  }

  async #exchange({ method = 'GET', path, query = {}, body, contentType, waitSeconds = 0 }: Call): Promise<Answer> {
    const url = new URL(this.url + path)
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value))
    const headers = {
      ...this.#authorization(),
      ...(body ? { 'content-type': contentType ?? 'application/json', 'content-length': String(body.length) } : {}),
    }
    const signal = AbortSignal.timeout((ANSWER_SECONDS_MAX + waitSeconds) * 1000)
    const answer = await openHttp({ method, url: url.href, headers, signal, ...(body ? { body } : {}) })
    return { status: answer.statusCode ?? 0, body: await buffer(answer) }
  }

  #put(path: string, { size, open }: Content): Promise<Answer> {
    return putContent({ method: 'PUT', url: this.url + path, headers: this.#authorization() }, { size, open })
  }

  #authorization(): Record<string, string> {
    return this.#token ? { authorization: `Bearer ${this.#token}` } : {}
  }
}

const json = (value: unknown) => ({ body: Buffer.from(JSON.stringify(value)), contentType: 'application/json' })

/** One JSON line per log line. */
const parseLog = (body: Buffer): LogLine[] =>
  body
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)

function parseProblem(body: Buffer): ProblemDocument | undefined {
  try {
    const document = JSON.parse(body.toString('utf8')) as ProblemDocument
    return Object.hasOwn(ERRORS, document.code satisfies ErrorCode) ? document : undefined
  } catch {
    return undefined
  }
}
