/** The connection on which dispatchers hear of each other: it waits for no write, and what it writes itself may be lost. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../sql/statement.js'
import type { Ear } from '../shared.js'
import { Session, type SessionOptions } from './session.js'
import type { PostgresStatement } from './statements.js'

/** One per database. */
const CHANNEL = 'spillway'

const TELL = `SELECT pg_notify('${CHANNEL}', ?)`
const SELF = 'SELECT pg_backend_pid() AS pid'

export interface WireOptions extends SessionOptions {
  /** Time between two tries to connect. */
  retryEveryMs: number
}

export class Wire {
  readonly #options: WireOptions
  readonly #closing = new AbortController()
  #ear: Ear | undefined
  #session: Promise<Session> | undefined
  #listening: Promise<void> | undefined

  constructor(options: WireOptions) {
    this.#options = options
  }

  /** Connects again, for as long as it is not closed, whenever the connection is lost. */
  listen(ear: Ear): void {
    this.#ear = ear
    this.#listening ??= this.#listen()
  }

  async tell(words: string): Promise<void> {
    await this.query({ sql: TELL, values: [words] })
  }

  async query(statement: PostgresStatement): Promise<Answer> {
    return (await this.#connected()).query(statement)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const session = await this.#session?.catch(() => undefined)
    await session?.close().catch(() => session.destroy())
    await this.#listening
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#connected().then(
        ({ ended }) => ended,
        () => undefined,
      )
      await delay(this.#options.retryEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  #connected(): Promise<Session> {
    if (this.#session) return this.#session
    const opening = this.#open()
    const forget = () => {
      if (this.#session === opening) this.#session = undefined
    }
    this.#session = opening
    opening.then(({ ended }) => ended.then(forget), forget)
    return opening
  }

  async #open(): Promise<Session> {
    const session = await Session.open(this.#options)
    try {
      await session.script('SET synchronous_commit = off')
      const [{ pid }] = (await session.query({ sql: SELF, values: [] })).rows as [{ pid: number }]
      await session.listen(CHANNEL, (words, from) => from !== pid && this.#ear?.onWords(words))
      this.#ear?.onGap()
      return session
    } catch (error) {
      session.destroy()
      throw error
    }
  }
}
