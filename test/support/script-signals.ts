/** What a script under test says to the test while it runs, and what it waits for. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from './eventually.js'

export interface ScriptSignals {
  /** A line of sh that says one word. */
  say(word: string): string
  /** Words so far, in the order in which they were said. */
  heard(): string[]
  /** A line of sh that ends once the test has called `tell` with that word. */
  waitFor(word: string): string
  tell(word: string): void
}

/** For scripts that share the disk of the test. */
export function fileSignals(directory: () => string): ScriptSignals {
  const said = () => join(directory(), 'said')
  return {
    say: (word) => `echo ${word} >> ${said()}`,
    heard: () => (existsSync(said()) ? readFileSync(said(), 'utf8').trim().split('\n') : []),
    waitFor: (word) => `while [ ! -e ${join(directory(), word)} ]; do sleep 0.05; done`,
    tell: (word) => appendFileSync(join(directory(), word), ''),
  }
}

/** For scripts that have `wget` and reach the test by the network. */
export class HttpSignals implements ScriptSignals {
  #words: string[] = []
  readonly #told = new Set<string>()
  readonly #address: string
  #server: Server | undefined

  /** `address`: where scripts reach what listens on all addresses of the test. */
  constructor(address: string) {
    this.#address = address
  }

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      const [, kind, word = ''] = (request.url ?? '').split('/')
      if (kind === 'say') this.#words.push(word)
      response.writeHead(kind === 'told' && !this.#told.has(word) ? 404 : 200).end()
    })
    this.#server.listen(0, '0.0.0.0')
    await once(this.#server, 'listening')
  }

  close(): void {
    this.#server?.close()
    this.#server?.closeAllConnections()
  }

  forget(): void {
    this.#words = []
    this.#told.clear()
  }

  say = (word: string): string => `wget -q -O /dev/null ${this.#url}/say/${word}`
  heard = (): string[] => this.#words
  waitFor = (word: string): string =>
    `while ! wget -q -O /dev/null ${this.#url}/told/${word} 2>/dev/null; do sleep 0.05; done`

  tell = (word: string): void => void this.#told.add(word)

  get #url(): string {
    return `http://${this.#address}:${(this.#server!.address() as AddressInfo).port}`
  }
}

/** Resolves when that word has been said. */
export const heardOnce = ({ heard }: ScriptSignals, word: string): Promise<unknown> =>
  eventually(() => heard().includes(word), { what: `the word ${word}`, timeoutMs: 30_000, everyMs: 20 })

/** Milliseconds for which a script that says something every tenth of a second must have been quiet to count as ended. */
const QUIET_MS = 1000

/** Resolves when nothing has been said for a while. */
export async function silence({ heard }: ScriptSignals): Promise<void> {
  for (let before = -1; before !== heard().length; await delay(QUIET_MS)) before = heard().length
}
