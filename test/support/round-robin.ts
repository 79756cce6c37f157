/** A tiny load balancer on 127.0.0.1: each request goes to the next server in turn; one that is not there is passed by. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export class RoundRobin {
  readonly #server: Server
  readonly #targets: readonly string[]
  #next = 0

  private constructor(targets: readonly string[]) {
    this.#targets = targets
    this.#server = createServer((call, answer) => this.#pass(call, answer, targets.length))
  }

  /** `targets`: URLs, in the order of their turns. */
  static async open(targets: readonly string[]): Promise<RoundRobin> {
    const proxy = new RoundRobin(targets)
    await new Promise<void>((done) => proxy.#server.listen(0, '127.0.0.1', done))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  /** A server that breaks off in the middle of a call is told of by 502. */
  #pass(call: IncomingMessage, answer: ServerResponse, tries: number): void {
    const target = this.#targets[this.#next++ % this.#targets.length]!
    const { method, headers, url = '/' } = call
    const passed = request(new URL(url, target), { method, headers })
    passed.once('socket', (socket) => {
      const send = () => call.pipe(passed)
      if (socket.connecting) socket.once('connect', send)
      else send()
    })
    passed.once('response', (response) => {
      answer.writeHead(response.statusCode!, response.headers)
      response.once('error', () => answer.destroy())
      response.pipe(answer)
    })
    passed.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && tries > 1) return this.#pass(call, answer, tries - 1)
      if (answer.headersSent) answer.destroy()
      else answer.writeHead(502).end()
    })
    answer.once('close', () => passed.destroy())
  }
}
