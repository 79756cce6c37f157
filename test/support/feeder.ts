/** Hands work in without a pause: files that appear in a bucket, and requests that are repeated until somebody takes them. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Accepted } from '../../runtime/contract/dispatcher-api.js'

export interface FeederOptions {
  /** Folder of the storage; files go into `in/` of it. */
  data: string
  /** Where requests go. */
  url: string
  random: () => number
  /** Most milliseconds between two inputs. */
  pauseMs: number
  /** Once aborted, it hands in nothing and waits for nobody. */
  signal: AbortSignal
}

/** One in that many inputs is one whose script fails. */
const DOOMED_EVERY = 12
const REPEAT_MS = 50
/** One in that many requests is sent again although it was acknowledged: its sender may not have heard. */
const DEAF_EVERY = 5

export class Feeder {
  readonly attempted = new Set<string>()
  readonly acknowledged = new Set<string>()
  readonly doomed = new Set<string>()
  /** Of requests: their input by the id that they were answered. */
  readonly inputs = new Map<string, string>()
  readonly #options: FeederOptions
  readonly #stopped = new AbortController()
  readonly #requests = new Set<Promise<void>>()
  #feeding: Promise<void> | undefined

  constructor(options: FeederOptions) {
    this.#options = options
  }

  start(): void {
    mkdirSync(join(this.#options.data, 'drafts'), { recursive: true })
    this.#feeding = this.#feed()
  }

  /** Hands in nothing new; resolves once every request has been acknowledged. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#feeding
    await Promise.all(this.#requests)
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted || this.#options.signal.aborted
  }

  async #feed(): Promise<void> {
    const { random, pauseMs } = this.#options
    for (let number = 1; !this.#isStopped; number++) {
      const isFile = random() < 0.5
      const input = `${isFile ? 'file' : 'request'}-${number}${random() < 1 / DOOMED_EVERY ? '-bad' : ''}`
      this.attempted.add(input)
      if (input.endsWith('-bad')) this.doomed.add(input)
      if (isFile) this.#drop(input)
      else this.#track(this.#requestUntilHeard(input, random() < 1 / DEAF_EVERY))
      await delay(random() * pauseMs)
    }
  }

  /** A file that is moved in whole. */
  #drop(input: string): void {
    const draft = join(this.#options.data, 'drafts', input)
    writeFileSync(draft, input)
    renameSync(draft, join(this.#options.data, 'in', input))
    this.acknowledged.add(input)
  }

  #track(request: Promise<void>): void {
    const tracked = request.finally(() => this.#requests.delete(tracked))
    this.#requests.add(tracked)
  }

  async #requestUntilHeard(input: string, isDeaf: boolean): Promise<void> {
    await this.#request(input)
    if (isDeaf) await this.#request(input)
  }

  async #request(input: string): Promise<void> {
    const url = `${this.#options.url}/v1/functions/s-dev-work/invocations`
    const { signal } = this.#options
    while (!signal.aborted) {
      const headers = { 'idempotency-key': input }
      const answer = await fetch(url, { method: 'POST', body: input, headers }).catch(() => undefined)
      const accepted = answer?.ok ? await answer.json().catch(() => undefined) : undefined
      if (accepted) {
        this.inputs.set((accepted as Accepted).id, input)
        this.acknowledged.add(input)
        return
      }
      await answer?.body?.cancel().catch(() => undefined)
      await delay(REPEAT_MS)
    }
  }
}
