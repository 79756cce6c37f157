/** Requests to an API server, signed in as a kubeconfig or the pod's own account says. Connections are kept open. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import { asError } from '../../../../runtime/contract/errors.js'
import { ClusterUnreachable } from './cluster.js'

/** As much of client-node's KubeConfig as is needed: it knows every way to sign in. */
export interface SignIn {
  getCurrentCluster(): { readonly server: string } | null
  applyToHTTPSOptions(options: RequestOptions): Promise<void>
}

export interface ClusterRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  path: string
  body?: object
  signal?: AbortSignal
  /** Milliseconds of silence after which the connection counts as broken. */
  silenceMs: number
}

/** Connections that wait for their next request; more than that would be opened anew. */
const FREE_SOCKETS_MAX = 16

/** Milliseconds between two signs of life that the kernel asks for: a connection may die without anybody saying so. */
const KEEP_ALIVE_MS = 15_000

type Agent = HttpAgent | HttpsAgent

export class Connection {
  readonly #signIn: SignIn
  readonly #server: URL
  #agent: { identity: string; agent: Agent } | undefined
  #calls = 0

  constructor(signIn: SignIn) {
    const cluster = signIn.getCurrentCluster()
    if (!cluster) throw new Error('the kubeconfig names no cluster')
    this.#signIn = signIn
    this.#server = new URL(cluster.server)
  }

  get calls(): number {
    return this.#calls
  }

  /** Resolves once the head of the answer is there; its body must be read or destroyed. */
  async open({ method, path, body, signal, silenceMs }: ClusterRequest): Promise<IncomingMessage> {
    this.#calls++
    const options: RequestOptions = {}
    await this.#signIn.applyToHTTPSOptions(options)
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const request = (this.#server.protocol === 'http:' ? httpRequest : httpsRequest)({
      ...options,
      method,
      host: this.#server.hostname.replace(/^\[|\]$/g, ''),
      port: this.#server.port,
      path: this.#server.pathname.replace(/\/$/, '') + path,
      agent: this.#agentFor(options),
      timeout: silenceMs,
      headers: { ...options.headers, accept: 'application/json', ...headersOf(content) },
      ...(signal ? { signal } : {}),
    })
    return new Promise((resolve, reject) => {
      request.on('response', resolve)
      request.on('error', (error) => reject(new ClusterUnreachable(error.message, { cause: error })))
      request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS))
      request.on('timeout', () => request.destroy(new Error(`nothing was heard for ${silenceMs} ms`)))
      request.end(content)
    })
  }

  close(): void {
    this.#agent?.agent.destroy()
  }

  /** That of the sign-in, which knows proxies, for as long as it is somebody's who signs in the same way. */
  #agentFor(options: RequestOptions): Agent {
    const identity = JSON.stringify([options.ca, options.cert, options.key, options.servername].map(String))
    if (this.#agent?.identity === identity) return this.#agent.agent
    this.#agent?.agent.destroy()
    const agent = options.agent as Agent & { keepAlive: boolean }
    agent.keepAlive = true
    agent.maxFreeSockets = FREE_SOCKETS_MAX
    this.#agent = { identity, agent }
    return agent
  }
}

const headersOf = (content: Buffer | undefined): Record<string, string> =>
  content === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(content.length) }

/** The whole of an answer as text. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch (thrown) {
    throw new ClusterUnreachable(asError(thrown).message, { cause: thrown })
  }
  return Buffer.concat(chunks).toString('utf8')
}
