/** What a registry answered: the status, the headers, and a body that is read once or dropped. */
import type { IncomingMessage } from 'node:http'

export class Answer {
  readonly #message: IncomingMessage

  constructor(message: IncomingMessage) {
    this.#message = message
    // Who reads the body meets the fault there; nobody else waits for it.
    message.on('error', () => undefined)
  }

  get status(): number {
    return this.#message.statusCode ?? 0
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#message
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  async text(): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.body) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  /** The connection can be used again only when nobody waits for the rest of the answer. */
  drop(): undefined {
    this.#message.resume()
    return undefined
  }
}
