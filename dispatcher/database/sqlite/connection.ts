/** A connection to an SQLite file: the little of it that the driver needs, so that tests can put a bad disk in between. */
import Libsql from 'libsql'

/** libsql ends the whole process when it is given a boolean. */
export type Value = string | number | null | Uint8Array
export type Values = Value[] | Record<string, Value>

export interface Connection {
  readonly inTransaction: boolean
  /** Any number of statements without values. */
  exec(sql: string): void
  /** Answers how many rows were changed. */
  run(sql: string, values?: Values): number
  get<Row>(sql: string, values?: Values): Row | undefined
  /** Rows must not hold blobs: libsql gives them in another form here than in `get`. */
  all<Row>(sql: string, values?: Values): Row[]
  close(): void
}

export type OpenConnection = (path: string) => Connection

/** Milliseconds to wait for somebody else's lock, e.g. of a backup tool; the event loop stands still meanwhile. */
const BUSY_TIMEOUT_MS = 250

/** FULL: a commit returns after its fsync. https://www.sqlite.org/pragma.html#pragma_synchronous */
const PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -32768;`

/** Opens the file, or makes it, with every commit flushed to the disk. */
export function openConnection(path: string): Connection {
  const connection = new LibsqlConnection(path)
  try {
    connection.exec(PRAGMAS)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Opens a file as it is, for statements that set nothing up. */
export const openPlainly = (path: string): Connection => new LibsqlConnection(path)

class LibsqlConnection implements Connection {
  readonly #database: Libsql.Database
  readonly #statements = new Map<string, Libsql.Statement>()

  constructor(path: string) {
    this.#database = new Libsql(path)
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  run(sql: string, values: Values = []): number {
    return this.#prepared(sql).run(values).changes
  }

  get<Row>(sql: string, values: Values = []): Row | undefined {
    return this.#prepared(sql).get(values) as Row | undefined
  }

  all<Row>(sql: string, values: Values = []): Row[] {
    return this.#prepared(sql).all(values) as Row[]
  }

  /** Files stay open until the statements are garbage: libsql cannot finalize them. Without statements they close now. */
  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepared(sql: string): Libsql.Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
