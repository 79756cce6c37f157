/**
 * A dispatcher that runs nothing: the HTTP API over a map, on 127.0.0.1. An invocation ends at once: with its body as
 * the result, or failed when the body is `fail`; `wait` stays queued until it is cancelled.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import {
  API_PATHS,
  type Accepted,
  type BackendStatus,
  type FunctionDetails,
  type FunctionRecord,
  type InvocationList,
  type InvocationRecord,
  type PutFunction,
  type StorageStatus,
} from '../../runtime/contract/dispatcher-api.js'
import { problemDocument, SpillwayError } from '../../runtime/contract/errors.js'
import { fileFacts } from '../../runtime/contract/file-facts.js'
import type { State } from '../../runtime/contract/invocation.js'
import type { LogLine } from '../../runtime/contract/runtime-api.js'

export interface SeenRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: Buffer
}

type Answer = { status?: number; json: unknown } | { status?: number; text: string }

export class FakeDispatcher {
  readonly requests: SeenRequest[] = []
  readonly functions = new Map<string, FunctionRecord & PutFunction>()
  readonly invocations = new Map<string, InvocationRecord>()
  readonly logs = new Map<string, LogLine[]>()
  /** What it says about every function. */
  warnings: string[] = []
  readonly backends: BackendStatus[] = [LOCAL]
  /** Undefined: it is of a version that does not tell. */
  storages: StorageStatus[] | undefined = [{ name: 'here', type: 'directory', healthy: true }]
  /** False: it is of a version before `filesOf`. */
  knowsFilesOf = true
  readonly #server: Server
  #count = 0

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  /** As an embedded dispatcher makes itself known to its service. */
  announce(serviceDirectory: string, facts: object = {}): void {
    const state = join(serviceDirectory, '.spillway')
    mkdirSync(state, { recursive: true })
    writeFileSync(
      join(state, 'dispatcher.json'),
      JSON.stringify({ url: this.url, pid: process.pid, startedAt: Date.now(), ...facts }),
    )
  }

  /** What came in on a path, e.g. `POST /v1/functions/f/invocations`. */
  seen(line: string): SeenRequest[] {
    return this.requests.filter(({ method, path }) => `${method} ${path}` === line)
  }

  addInvocation(name: string, body: Buffer, contentType: string): InvocationRecord {
    const text = body.toString('utf8')
    const state: State = text === 'fail' ? 'failed' : text === 'wait' ? 'queued' : 'succeeded'
    const record = newRecord({ id: this.#nextId(), name, body, contentType, state })
    this.invocations.set(record.id, record)
    this.logs.set(record.id, [
      { time: record.acceptedAt, stream: 'stderr', text: `reading ${body.length} bytes` },
      { time: record.acceptedAt + 1, stream: 'stderr', text: state === 'failed' ? 'no such thing' : 'done' },
    ])
    return record
  }

  #nextId(): string {
    this.#count++
    return `01900000-0000-7000-8000-0000${String(this.#count).padStart(8, '0')}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const seen = {
      method: request.method ?? '',
      path: url.pathname,
      headers: request.headers,
      body: await buffer(request),
    }
    this.requests.push(seen)
    const answer = this.#guarded(seen, url.searchParams)
    const status = answer.status ?? 200
    const body = 'json' in answer ? JSON.stringify(answer.json) : answer.text
    const type =
      'text' in answer ? 'application/x-ndjson' : status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type }).end(body)
  }

  #guarded(request: SeenRequest, query: URLSearchParams): Answer {
    try {
      return this.#answer(request, query)
    } catch (error) {
      if (!(error instanceof SpillwayError)) throw error
      return { status: error.status, json: problemDocument(error) }
    }
  }

  #answer(request: SeenRequest, query: URLSearchParams): Answer {
    const { path, method } = request
    if (path === '/healthz' || path === '/readyz') return { json: {} }
    if (path === API_PATHS.functions) return { json: { functions: [...this.functions.values()] } }
    if (path === API_PATHS.backends) return { json: { backends: this.backends } }
    if (path === API_PATHS.storages && this.storages) return { json: { storages: this.storages } }
    if (path === API_PATHS.invocations) return { json: this.#list(query) }
    const [, kind, name, action] = /^\/v1\/(functions|invocations)\/([^/]+)(?:\/([a-z]+))?$/.exec(path) ?? []
    if (kind === 'functions' && name) return this.#function(name, action ?? method, request)
    if (kind === 'invocations' && name) return this.#invocation(name, action ?? method)
    throw new SpillwayError('route-not-found', `There is no ${path}.`)
  }

  #function(name: string, action: string, { body, headers }: SeenRequest): Answer {
    if (action === 'PUT') return { json: this.#put(name, JSON.parse(body.toString('utf8')) as PutFunction) }
    if (!this.functions.has(name)) throw new SpillwayError('function-not-found', `There is no function ${name}.`)
    if (action === 'DELETE') return { status: this.functions.delete(name) ? 204 : 500, text: '' }
    if (action === 'GET') return { json: this.#details(name) }
    if (action === 'redrive') return { json: { redriven: this.#redrive(name) } }
    const { id, state, decision } = this.addInvocation(name, body, headers['content-type'] ?? '')
    return { status: 202, json: { id, state, decision, duplicate: false } satisfies Accepted }
  }

  #details(name: string): FunctionDetails {
    const record = this.functions.get(name)!
    return { ...record, files: record.files.map(fileFacts) }
  }

  #put(name: string, { spec, files: given, filesOf }: PutFunction) {
    if (filesOf !== undefined && !this.knowsFilesOf)
      throw new SpillwayError('invalid-request', 'body must NOT have additional properties.')
    const old = this.functions.get(name)
    const files = filesOf === undefined ? given : (old?.files ?? [])
    const created = JSON.stringify([old?.spec, old?.files]) !== JSON.stringify([spec, files])
    const notes = 'image' in spec ? ['the image is not used on local'] : []
    const release = (old?.release ?? 0) + (created ? 1 : 0)
    const record = {
      name,
      release,
      releasedAt: Date.now(),
      spec,
      files,
      queued: 0,
      running: 0,
      notes,
      warnings: this.warnings,
    }
    this.functions.set(name, record)
    return { ...record, created }
  }

  #redrive(name: string): number {
    const dead = [...this.invocations.values()].filter(
      (record) => record.function === name && record.state === 'failed',
    )
    for (const record of dead) record.state = 'queued'
    return dead.length
  }

  #invocation(id: string, action: string): Answer {
    const record = this.invocations.get(id)
    if (!record) throw new SpillwayError('invocation-not-found', `There is no invocation ${id}.`)
    if (action === 'log') return { text: (this.logs.get(id) ?? []).map((line) => `${JSON.stringify(line)}\n`).join('') }
    if (action === 'cancel') record.state = move(record, ['queued', 'running'], 'cancelled')
    if (action === 'redrive') record.state = move(record, ['failed', 'cancelled'], 'queued')
    return { json: record }
  }

  /** The cursor is how many came before. */
  #list(query: URLSearchParams): InvocationList {
    const wanted = (key: string, value: string) => (query.get(key) ?? value) === value
    const found = [...this.invocations.values()]
      .filter((record) => wanted('function', record.function) && wanted('state', record.state))
      .filter(({ acceptedAt }) => acceptedAt >= Number(query.get('since') ?? 0))
      .reverse()
    const start = Number(query.get('cursor') ?? 0)
    const end = start + Number(query.get('limit') ?? 100)
    return { invocations: found.slice(start, end), ...(end < found.length ? { cursor: String(end) } : {}) }
  }
}

const LOCAL: BackendStatus = {
  name: 'local',
  public: false,
  healthy: true,
  slots: 2,
  workers: 0,
  running: 0,
  notes: [],
}

function move({ id, state }: InvocationRecord, from: State[], to: State): State {
  if (from.includes(state)) return to
  throw new SpillwayError('move-refused', `Invocation ${id} is ${state}.`)
}

interface NewRecord {
  id: string
  name: string
  body: Buffer
  contentType: string
  state: State
}

function newRecord({ id, name, body, contentType, state }: NewRecord): InvocationRecord {
  const now = Date.now()
  const failure =
    state === 'failed' ? { cause: 'script-exit' as const, message: 'the script ended with exit code 3' } : {}
  const ended = state === 'queued' ? {} : { startedAt: now + 5, endedAt: now + 1500 }
  return {
    id,
    function: name,
    release: 1,
    state,
    input: { kind: 'request', size: body.length, contentType, time: new Date(now).toISOString() },
    acceptedAt: now,
    ...ended,
    ...failure,
    attempts: 1,
    moves: [
      { at: now, to: 'queued' },
      { at: now + 5, to: 'running' },
      { at: now + 1500, to: state },
    ],
    decision: {
      eligible: ['local'],
      spillAt: null,
      reasons: [{ code: 'only-backend', backend: 'local', text: 'local: it is the only back-end' }],
    },
    tries: [
      {
        number: 1,
        backend: 'local',
        worker: 'w1',
        startedAt: now + 5,
        endedAt: now + 1500,
        ...failure,
        times: { stageInMs: 10, runMs: 1400, stageOutMs: 40 },
      },
    ],
    outputs: [],
    ...(state === 'succeeded' ? { result: { encoding: 'base64' as const, body: body.toString('base64') } } : {}),
  }
}
