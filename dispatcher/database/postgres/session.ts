/** One connection to the server, on which statements are sent without waiting for the answers of those before. */
import { Socket } from 'node:net'
import { hostname } from 'node:os'
import type { Client, ClientConfig, QueryResult } from 'pg'
import { asError } from '../../../runtime/contract/errors.js'
import type { Answer } from '../sql/statement.js'
import type { PostgresAddress } from './address.js'
import { isAnswer } from './refusal.js'
import { Statements, type PostgresStatement } from './statements.js'
import { tlsOptions } from './tls.js'

/** The server refused one of several statements; nothing of the transaction is left. */
export class StatementFailed extends Error {
  constructor(
    readonly index: number,
    readonly reason: unknown,
  ) {
    super(asError(reason).message)
  }
}

export interface SessionOptions {
  address: PostgresAddress
  /** Longest wait for an answer; then the way to the server is broken. Longer than the server waits for itself. */
  answerTimeoutMs?: number
  /** When the server makes plans: once per statement, or for the values of each call. */
  plans?: 'once' | 'by-value'
}

const CONNECT_TIMEOUT_MS = 5000
const KEEP_ALIVE_AFTER_MS = 10_000
const STATEMENT_TIMEOUT_MS = 30_000

/** For which a dispatcher that stands still in the middle of a transaction keeps the others from writing; they wait for longer. */
const STANDSTILL_MS = 5000
const LOCK_TIMEOUT_MS = 20_000

const ANSWER_TIMEOUT_MS = 35_000

/**
 * Commits are flushed before they are answered. A server that is cut off lets go of us, and of our lock, after
 * 10 + 3 * 5 s, also when the last that it has said got lost. Plans find every row by an index, also those that were
 * made while a table was empty.
 */
const SETTINGS = `
  SET synchronous_commit = on;
  SET search_path = spillway;
  SET statement_timeout = ${STATEMENT_TIMEOUT_MS};
  SET lock_timeout = ${LOCK_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${STANDSTILL_MS};
  SET tcp_keepalives_idle = 10;
  SET tcp_keepalives_interval = 5;
  SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 25000;
  SET enable_seqscan = off;
  SET enable_bitmapscan = off;
  SET enable_hashjoin = off;
  SET enable_mergejoin = off;
  SET enable_material = off;
  SET jit = off;
  SET client_min_messages = warning`

const PLANS = {
  once: 'SET plan_cache_mode = force_generic_plan',
  'by-value': 'SET plan_cache_mode = force_custom_plan',
}

/** Object ids of bigint and numeric, which are whole numbers below 2^53 wherever we have them. */
const INTEGERS = new Set([20, 1700])

export class Session {
  readonly #client: Client
  readonly #socket: Socket
  readonly #statements = new Statements()
  readonly #answerTimeoutMs: number
  /** Resolves, with the reason, when the connection has ended. */
  readonly ended: Promise<Error>

  private constructor(client: Client, socket: Socket, answerTimeoutMs = ANSWER_TIMEOUT_MS) {
    this.#client = client
    this.#socket = socket
    this.#answerTimeoutMs = answerTimeoutMs
    this.ended = new Promise((resolve) => {
      client.on('error', resolve)
      client.once('end', () => resolve(new Error('the connection was closed')))
    })
  }

  /** Without TLS when the server has none and the configuration leaves that to it. */
  static async open(options: SessionOptions): Promise<Session> {
    const { address } = options
    try {
      return await Session.#dial(options, tlsOptions(address))
    } catch (error) {
      if (address.tls.mode !== 'prefer' || !/does not support SSL/.test(asError(error).message)) throw error
      return Session.#dial(options, false)
    }
  }

  static async #dial(
    { address, answerTimeoutMs, plans = 'once' }: SessionOptions,
    ssl: ClientConfig['ssl'],
  ): Promise<Session> {
    const { default: pg } = await import('pg')
    const socket = new Socket()
    const { host, port, user, database, password = '' } = address
    const client = new pg.Client({
      host,
      port,
      user,
      database,
      password: () => password,
      ssl,
      stream: () => socket,
      pipeline: true,
      application_name: `spillway on ${hostname()}, process ${process.pid}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      types: { getTypeParser: (type, format) => (INTEGERS.has(type) ? Number : pg.types.getTypeParser(type, format)) },
    })
    const session = new Session(client, socket, answerTimeoutMs)
    try {
      await client.connect()
      await session.script(`${SETTINGS}; ${PLANS[plans]}`)
      return session
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  /** Any number of statements without values; answers the last one's command. */
  async script(sql: string): Promise<string> {
    const results: QueryResult | QueryResult[] = await this.#inTime(this.#client.query(sql))
    return Array.isArray(results) ? results.at(-1)!.command : results.command
  }

  async query(statement: PostgresStatement): Promise<Answer> {
    return this.#inTime(this.#send(statement))
  }

  /** Begins a transaction that `commit` or `rollBack` ends, and runs the statements in it. */
  async begin(statements: readonly PostgresStatement[]): Promise<Answer[]> {
    const results = await this.#inTime(
      Promise.allSettled([this.script('BEGIN'), ...statements.map((statement) => this.#send(statement))]),
    )
    const failed = results.findIndex(({ status }) => status === 'rejected')
    if (failed >= 0) await this.#giveUp(failed - 1, (results[failed] as PromiseRejectedResult).reason)
    return results.slice(1).map((result) => (result as PromiseFulfilledResult<Answer>).value)
  }

  /** When it rejects, nobody knows. */
  async commit(): Promise<void> {
    const command = await this.script('COMMIT')
    if (command !== 'COMMIT') throw new Error(`COMMIT came to ${command}`)
  }

  /** Calls back for what is told on the channel, until the connection ends. */
  async listen(channel: string, onWords: (words: string, from: number) => void): Promise<void> {
    this.#client.on('notification', ({ payload = '', processId }) => onWords(payload, processId))
    await this.script(`LISTEN ${channel}`)
  }

  async rollBack(): Promise<void> {
    await this.script('ROLLBACK')
  }

  /** Ends it at once; what has no answer yet fails. */
  destroy(): void {
    this.#socket.destroy()
  }

  async close(): Promise<void> {
    await this.#inTime(this.#client.end())
  }

  /** What the server answers leaves the connection good; everything else ends it. */
  async #giveUp(index: number, reason: unknown): Promise<never> {
    if (!isAnswer(reason)) throw reason
    await this.rollBack().catch(() => this.destroy())
    throw new StatementFailed(index, reason)
  }

  async #send(statement: PostgresStatement): Promise<Answer> {
    const { rows, rowCount } = await this.#client.query<object>(this.#statements.prepared(statement))
    return { rows, changes: rowCount ?? 0 }
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.destroy(), this.#answerTimeoutMs)
    try {
      return await work
    } finally {
      clearTimeout(timer)
    }
  }
}
