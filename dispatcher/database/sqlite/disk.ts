/** The one connection to the file, and whether its disk takes writes. */
import type { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Connection, OpenConnection } from './connection.js'
import { fileUnavailable, isRefusal } from './refusal.js'

export interface DiskOptions {
  path: string
  open: OpenConnection
  /** Least time between two tries to write to a disk that refuses. */
  probeEveryMs: number
}

const PROBE = 'BEGIN IMMEDIATE; UPDATE probe SET writes = writes + 1; COMMIT'

/**
 * After a refusal nothing is written until a probe has been committed:
 * - at once on the same connection, over the frames in the log that the refused commit may have left whole there,
 *   so that no recovery can ever take them for a commit;
 * - later on fresh connections, should the old one be the fault. Reads stay with the old one meanwhile.
 */
export class Disk {
  readonly #options: DiskOptions
  #connection: Connection
  #trouble: SpillwayError | undefined
  #rest: NodeJS.Timeout | undefined

  constructor(options: DiskOptions) {
    this.#options = options
    this.#connection = options.open(options.path)
  }

  get connection(): Connection {
    return this.#connection
  }

  /** Runs the work and commits it. Rejections of the disk are thrown as `database-unavailable`, anything else as it is. */
  transaction(work: (connection: Connection) => void): void {
    if (!this.isWell()) throw this.#trouble
    let working = false
    try {
      this.#connection.exec('BEGIN IMMEDIATE')
      working = true
      work(this.#connection)
      working = false
      this.#connection.exec('COMMIT')
    } catch (error) {
      const undone = rollBack(this.#connection)
      if (working && undone && !isRefusal(error)) throw error
      throw this.#refused(error)
    }
  }

  read<T>(query: (connection: Connection) => T): T {
    try {
      return query(this.#connection)
    } catch (error) {
      throw isRefusal(error) ? fileUnavailable(this.#options.path, error) : error
    }
  }

  /** False while the disk refuses. Tries again when the last try is long enough ago. */
  isWell(): boolean {
    if (this.#trouble && !this.#rest) this.#probeAfresh()
    return this.#trouble === undefined
  }

  close(): void {
    clearTimeout(this.#rest)
    try {
      this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Nothing is lost: what is in the log is read at the next start.
    }
    this.#connection.close()
  }

  #refused(error: unknown): SpillwayError {
    this.#probe(this.#connection)
    return fileUnavailable(this.#options.path, error)
  }

  #probeAfresh(): void {
    rollBack(this.#connection)
    let fresh: Connection
    try {
      fresh = this.#options.open(this.#options.path)
    } catch (error) {
      this.#trouble = fileUnavailable(this.#options.path, error)
      return this.#restAWhile()
    }
    if (!this.#probe(fresh)) return fresh.close()
    this.#connection.close()
    this.#connection = fresh
    this.#trouble = undefined
  }

  #probe(connection: Connection): boolean {
    try {
      connection.exec(PROBE)
      return true
    } catch (error) {
      rollBack(connection)
      this.#trouble = fileUnavailable(this.#options.path, error)
      this.#restAWhile()
      return false
    }
  }

  #restAWhile(): void {
    this.#rest = setTimeout(() => (this.#rest = undefined), this.#options.probeEveryMs)
    this.#rest.unref()
  }
}

/** True when nothing of the transaction is left. */
function rollBack(connection: Connection): boolean {
  try {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    return true
  } catch {
    return false
  }
}
