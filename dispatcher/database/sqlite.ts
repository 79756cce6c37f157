/** The Database in one SQLite file: for one dispatcher on one machine. */
import type { ClaimRequest, Database, Identified, NewInvocation, NewRelease } from './database.js'
import { GroupCommit } from './group-commit.js'
import { closed } from './refusal.js'
import type { Query, Write } from './sql/statement.js'
import { SqlDatabase, type Engine } from './sql-database.js'
import { accept, known } from './sqlite/accept.js'
import { claim } from './sqlite/claim.js'
import { commitTogether, twoTurns } from './sqlite/commit-together.js'
import { openConnection, type OpenConnection } from './sqlite/connection.js'
import { Disk } from './sqlite/disk.js'
import { takeLock } from './sqlite/lock.js'
import { migrate } from './sqlite/migrate.js'
import { putRelease } from './sqlite/put-release.js'
import { cannotOpen } from './sqlite/refusal.js'
import { perform, read, type Operation } from './sqlite/run.js'

export interface SqliteOptions {
  open?: OpenConnection
  /** Least time between two tries to write to a disk that refuses. */
  probeEveryMs?: number
}

/** Opens the file, or makes it, for this process alone. */
export function openSqlite(path: string, { open = openConnection, probeEveryMs = 1000 }: SqliteOptions = {}): Database {
  const opened: { release(): void }[] = []
  try {
    const lock = takeLock(path)
    opened.push(lock)
    const disk = new Disk({ path, open, probeEveryMs })
    opened.push({ release: () => disk.close() })
    migrate(disk.connection, path)
    return new SqlDatabase(new SqliteEngine({ path, disk, lock }))
  } catch (error) {
    opened.toReversed().forEach(({ release }) => release())
    throw cannotOpen(path, error)
  }
}

class SqliteEngine implements Engine {
  readonly #path: string
  readonly #disk: Disk
  readonly #lock: { release(): void }
  readonly #queue: GroupCommit<Operation<unknown>>
  #closing: Promise<void> | undefined

  constructor({ path, disk, lock }: { path: string; disk: Disk; lock: { release(): void } }) {
    this.#path = path
    this.#disk = disk
    this.#lock = lock
    this.#queue = new GroupCommit((operations) => commitTogether(disk, operations), twoTurns)
  }

  putRelease = (release: NewRelease) => this.#run((connection) => putRelease(connection, release))
  accept = (work: NewInvocation[]) => this.#run((connection) => accept(connection, work))
  known = (work: readonly Identified[]) => this.#look((connection) => known(connection, work))
  claim = (request: ClaimRequest) => this.#run((connection) => claim(connection, request))
  write = <T>(write: Write<T>) => this.#run(perform(write))

  read = <T>(query: Query<T>) => this.#look((connection) => read(connection, query))

  async healthy(): Promise<boolean> {
    if (this.#closing) return false
    await this.#queue.idle()
    return this.#disk.isWell()
  }

  close(): Promise<void> {
    this.#closing ??= this.#queue.idle().then(() => {
      this.#disk.close()
      this.#lock.release()
    })
    return this.#closing
  }

  async #look<T>(operation: Operation<T>): Promise<T> {
    if (this.#closing) throw closed(this.#path)
    await this.#queue.idle()
    return this.#disk.read(operation)
  }

  async #run<T>(operation: Operation<T>): Promise<T> {
    if (this.#closing) throw closed(this.#path)
    return this.#queue.write(operation)
  }
}
