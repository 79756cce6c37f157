/** A registry in this process: real HTTP, blobs in memory, and the faults of real ones on demand. */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeRegistryOptions {
  auth?: 'basic' | 'bearer'
  /** Answers requests for mounting by starting an upload. */
  refuseMounts?: boolean
  /** Sends readers of blobs to another server. */
  redirectBlobs?: boolean
  /** Refuses larger bodies, in bytes. */
  bodyBytesMax?: number
  /** Seconds for which tokens are good. */
  tokenSeconds?: number
}

export interface Seen {
  method: string
  /** With the query. */
  path: string
  authorization?: string
}

export interface Fault {
  method?: string
  path?: RegExp
  status: number
  headers?: Record<string, string>
  /** How often; default: once. */
  times?: number
}

interface Repository {
  blobs: Set<string>
  manifests: Map<string, { type: string; body: Buffer }>
}

interface Ask {
  request: IncomingMessage
  url: URL
  body: Buffer
  repository: string
  rest: string
}

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

export const USER = 'flower'
export const PASSWORD = 'pot:with:colons'

export class FakeRegistry {
  readonly requests: Seen[] = []
  /** What the other server saw that blobs are read from. */
  readonly storeRequests: Seen[] = []
  readonly blobs = new Map<string, Buffer>()
  readonly #options: FakeRegistryOptions
  readonly #repositories = new Map<string, Repository>()
  readonly #uploads = new Map<string, Buffer>()
  readonly #tokens = new Map<string, { scopes: string[]; until: number }>()
  readonly #faults: Fault[] = []
  readonly #server: Server
  readonly #store: Server

  private constructor(options: FakeRegistryOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#store = createServer((request, response) => this.#serveStore(request, response))
  }

  static async start(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(options)
    await Promise.all(
      [registry.#server, registry.#store].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')),
    )
    return registry
  }

  /** As users call it. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  fail(fault: Fault): void {
    this.#faults.push({ times: 1, ...fault })
  }

  /** Forgets every token it gave. */
  revoke(): void {
    this.#tokens.clear()
  }

  requestsOf(method: string, path = /./): Seen[] {
    return this.requests.filter((seen) => seen.method === method && path.test(seen.path))
  }

  async close(): Promise<void> {
    for (const server of [this.#server, this.#store]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, `http://${this.host}`)
    const { authorization } = request.headers
    this.requests.push({ method: request.method!, path: request.url!, ...(authorization ? { authorization } : {}) })
    const body = await bodyOf(request).catch(() => undefined)
    if (body === undefined) return
    const { status, headers = {}, body: content = '' } = this.#fault(request, url) ?? this.#answer(request, url, body)
    response.writeHead(status, { 'content-length': Buffer.byteLength(content), ...headers })
    response.end(request.method === 'HEAD' ? undefined : content)
  }

  #serveStore(request: IncomingMessage, response: ServerResponse): void {
    const { authorization } = request.headers
    this.storeRequests.push({
      method: request.method!,
      path: request.url!,
      ...(authorization ? { authorization } : {}),
    })
    response.end(this.blobs.get(request.url!.slice(1)))
  }

  #fault({ method }: IncomingMessage, url: URL): Answer | undefined {
    const fault = this.#faults.find(
      (one) => one.times! > 0 && (one.method ?? method) === method && (one.path ?? /./).test(url.pathname + url.search),
    )
    if (!fault) return undefined
    fault.times!--
    return { status: fault.status, body: 'out of order', ...(fault.headers ? { headers: fault.headers } : {}) }
  }

  #answer(request: IncomingMessage, url: URL, body: Buffer): Answer {
    if (url.pathname === '/token') return this.#giveToken(request, url, body)
    const [, repository, rest] = /^\/v2\/(.+?)\/((?:blobs|manifests)\/.*)$/.exec(url.pathname) ?? []
    if (!repository || rest === undefined) return { status: 404 }
    const refused = this.#refuse(request, repository, url)
    if (refused) return refused
    if (body.length > (this.#options.bodyBytesMax ?? Infinity)) return { status: 413, body: '<h1>too large</h1>' }
    const ask = { request, url, body, repository, rest }
    if (rest.startsWith('manifests/')) return this.#manifest(ask)
    return rest.startsWith('blobs/uploads/') ? this.#upload(ask) : this.#blob(ask)
  }

  #refuse({ method, headers: { authorization } }: IncomingMessage, repository: string, url: URL): Answer | undefined {
    const { auth } = this.#options
    const challenge = (text: string) => ({
      status: 401,
      headers: { 'www-authenticate': text },
      body: denied('UNAUTHORIZED'),
    })
    if (auth === 'basic') return authorization === BASIC ? undefined : challenge('Basic realm="flowers, and more"')
    if (auth !== 'bearer') return undefined
    const token = this.#tokens.get(authorization?.replace('Bearer ', '') ?? '')
    const from = url.searchParams.get('from')
    const action = method === 'GET' || method === 'HEAD' ? 'pull' : 'push'
    const may = (name: string, verb: string) =>
      token?.scopes.some((scope) => scope.startsWith(`repository:${name}:`) && scope.includes(verb))
    if (token && token.until > Date.now() && may(repository, action) && (!from || may(from, 'pull'))) return undefined
    return challenge(`Bearer realm="http://${this.host}/token",service="flowers",scope="repository:${repository}:pull"`)
  }

  #giveToken({ headers: { authorization } }: IncomingMessage, url: URL, body: Buffer): Answer {
    const form = new URLSearchParams(body.toString())
    const isKnown = authorization === BASIC || form.get('refresh_token') === PASSWORD
    if (!isKnown || (form.get('service') ?? url.searchParams.get('service')) !== 'flowers')
      return { status: 401, body: denied('UNAUTHORIZED') }
    const token = randomUUID()
    const scopes = form.has('scope') ? form.get('scope')!.split(' ') : url.searchParams.getAll('scope')
    const seconds = this.#options.tokenSeconds ?? 300
    this.#tokens.set(token, { scopes, until: Date.now() + seconds * 1000 })
    return { status: 200, body: JSON.stringify({ token, expires_in: seconds }) }
  }

  #manifest({ request, body, repository, rest }: Ask): Answer {
    const reference = rest.slice('manifests/'.length)
    const { manifests, blobs } = this.#repository(repository)
    if (request.method === 'PUT') {
      const missing = missingBlobs(body).filter((digest) => !blobs.has(digest) && !manifests.has(digest))
      if (missing.length > 0) return { status: 400, body: denied('MANIFEST_BLOB_UNKNOWN', missing.join(' ')) }
      const entry = { type: request.headers['content-type']!, body }
      manifests.set(reference, entry).set(digestOf(body), entry)
      return { status: 201, headers: { 'docker-content-digest': digestOf(body) } }
    }
    const found = manifests.get(reference)
    if (!found) return { status: 404, body: denied('MANIFEST_UNKNOWN') }
    const headers = { 'content-type': found.type, 'docker-content-digest': digestOf(found.body) }
    return { status: 200, headers, body: found.body }
  }

  #blob({ request, repository, rest }: Ask): Answer {
    const digest = rest.slice('blobs/'.length)
    const content = this.#repository(repository).blobs.has(digest) ? this.blobs.get(digest) : undefined
    if (!content) return { status: 404, body: denied('BLOB_UNKNOWN') }
    const { range } = request.headers
    if (this.#options.redirectBlobs && request.method === 'GET' && !range) {
      const { port } = this.#store.address() as AddressInfo
      return { status: 307, headers: { location: `http://127.0.0.1:${port}/${digest}` } }
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
    return first
      ? { status: 206, body: content.subarray(Number(first), Number(last) + 1) }
      : { status: 200, body: content }
  }

  #upload({ request, url, body, repository, rest }: Ask): Answer {
    const id = rest.slice('blobs/uploads/'.length)
    const { blobs } = this.#repository(repository)
    if (request.method === 'POST') {
      const [mount, from] = [url.searchParams.get('mount'), url.searchParams.get('from')]
      const isMounted = mount && from && !this.#options.refuseMounts && this.#repository(from).blobs.has(mount)
      if (isMounted) blobs.add(mount)
      return isMounted ? { status: 201 } : this.#goOn(repository, randomUUID(), Buffer.alloc(0))
    }
    const content = Buffer.concat([this.#uploads.get(id) ?? Buffer.alloc(0), body])
    if (!this.#uploads.has(id)) return { status: 404, body: denied('BLOB_UPLOAD_UNKNOWN') }
    if (request.method === 'PATCH') return this.#goOn(repository, id, content)
    this.#uploads.delete(id)
    const digest = url.searchParams.get('digest')
    if (digest !== digestOf(content)) return { status: 400, body: denied('DIGEST_INVALID') }
    this.blobs.set(digest, content)
    blobs.add(digest)
    return { status: 201 }
  }

  /** The place has a query of its own, and is not absolute. */
  #goOn(repository: string, id: string, content: Buffer): Answer {
    this.#uploads.set(id, content)
    return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${id}?state=${content.length}` } }
  }

  #repository(name: string): Repository {
    const known = this.#repositories.get(name) ?? { blobs: new Set(), manifests: new Map() }
    this.#repositories.set(name, known)
    return known
  }
}

const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`

const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`

const denied = (code: string, message = code.toLowerCase()) => JSON.stringify({ errors: [{ code, message }] })

/** What a manifest needs to be there. */
function missingBlobs(body: Buffer): string[] {
  const { config, layers = [], manifests = [] } = JSON.parse(body.toString()) as ManifestLike
  return [...(config ? [config] : []), ...layers, ...manifests].map(({ digest }) => digest)
}

interface ManifestLike {
  config?: { digest: string }
  layers?: { digest: string }[]
  manifests?: { digest: string }[]
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
