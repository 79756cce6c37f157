/** A few connections that only read, made when they are first needed. */
import type { Query } from '../sql/statement.js'
import { codeOf } from '../refusal.js'
import { isRefusal, serverUnavailable } from './refusal.js'
import { Session, type SessionOptions } from './session.js'
import type { PostgresValue } from './statements.js'

const READERS = 2

/** What took too long takes too long again. */
const CANCELLED = '57014'

export class Readers {
  readonly #options: SessionOptions
  readonly #readers: Reader[]

  constructor(options: SessionOptions) {
    this.#options = options
    this.#readers = Array.from({ length: READERS }, () => new Reader({ ...options, plans: 'by-value' }))
  }

  async read<T>(query: Query<T, PostgresValue>): Promise<T> {
    const rows = await this.#rows(query).catch((error: unknown) => {
      throw isRefusal(error) ? serverUnavailable(this.#options.address.name, error) : error
    })
    return query.read(rows)
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()))
  }

  /** A connection that is found to be dead is made anew once. */
  async #rows(query: Query<unknown, PostgresValue>): Promise<unknown[]> {
    const reader = this.#readers.reduce((best, other) => (other.waiting < best.waiting ? other : best))
    try {
      return await reader.rows(query)
    } catch (error) {
      if (!isRefusal(error) || codeOf(error) === CANCELLED) throw error
      return reader.rows(query)
    }
  }
}

class Reader {
  readonly #options: SessionOptions
  #session: Promise<Session> | undefined
  #waiting = 0

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Queries that have no answer yet. */
  get waiting(): number {
    return this.#waiting
  }

  async rows(query: Query<unknown, PostgresValue>): Promise<unknown[]> {
    this.#waiting++
    try {
      return (await (await this.#connected()).query(query)).rows
    } finally {
      this.#waiting--
    }
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined)
    await session?.close().catch(() => session.destroy())
  }

  #connected(): Promise<Session> {
    if (this.#session) return this.#session
    const opening = Session.open(this.#options)
    const forget = () => {
      if (this.#session === opening) this.#session = undefined
    }
    this.#session = opening
    opening.then(({ ended }) => ended.then(forget), forget)
    return opening
  }
}
