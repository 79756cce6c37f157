/** The Database in one SQLite file: for one dispatcher on one machine. */
import type {
  AttemptRef,
  ClaimRequest,
  Database,
  InvocationFilter,
  NewInvocation,
  NewRelease,
  Publishing,
  Settlement,
} from './database.js'
import { accept, getBody, quarantine } from './sqlite/accept.js'
import { renewLease, runningAttempt, runningAttempts } from './sqlite/attempts.js'
import { cancel } from './sqlite/cancel.js'
import { claim, unclaim } from './sqlite/claim.js'
import { openConnection, type OpenConnection } from './sqlite/connection.js'
import { Disk } from './sqlite/disk.js'
import * as functions from './sqlite/functions.js'
import { GroupCommit, type Operation } from './sqlite/group-commit.js'
import { takeLock } from './sqlite/lock.js'
import { migrate } from './sqlite/migrate.js'
import { getInvocation, listInvocations, totals } from './sqlite/record.js'
import { redrive, redriveFunction } from './sqlite/redrive.js'
import { cannotOpen, closed } from './sqlite/refusal.js'
import { beginPublishing, settle } from './sqlite/settle.js'
import { spending } from './sqlite/spending.js'
import { backlogs, nextDue, wakeDue } from './sqlite/waiting.js'

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
    return new SqliteDatabase({ path, disk, lock })
  } catch (error) {
    opened.toReversed().forEach(({ release }) => release())
    throw cannotOpen(path, error)
  }
}

class SqliteDatabase implements Database {
  readonly #path: string
  readonly #disk: Disk
  readonly #lock: { release(): void }
  readonly #queue: GroupCommit
  #closing: Promise<void> | undefined

  constructor({ path, disk, lock }: { path: string; disk: Disk; lock: { release(): void } }) {
    this.#path = path
    this.#disk = disk
    this.#lock = lock
    this.#queue = new GroupCommit(disk)
  }

  putRelease = (release: NewRelease) => this.#write((connection) => functions.putRelease(connection, release))
  currentReleases = () => this.#read(functions.currentReleases)
  currentRelease = (name: string) => this.#read((connection) => functions.currentRelease(connection, name))
  getRelease = (name: string, number: number) =>
    this.#read((connection) => functions.getRelease(connection, name, number))
  getPackage = (digest: string) => this.#read((connection) => functions.getPackage(connection, digest))
  removeFunction = (name: string, now: number) =>
    this.#write((connection) => functions.removeFunction(connection, name, now))

  accept = (work: NewInvocation[]) => this.#write((connection) => accept(connection, work))
  quarantine = (entry: { source: string; body: Buffer; problem: string; now: number }) =>
    this.#write((connection) => quarantine(connection, entry))

  claim = (request: ClaimRequest) => this.#write((connection) => claim(connection, request))
  unclaim = (attempt: AttemptRef, now: number) => this.#write((connection) => unclaim(connection, attempt, now))
  renewLease = (attempt: AttemptRef, leaseUntil: number) =>
    this.#write((connection) => renewLease(connection, attempt, leaseUntil))
  runningAttempt = (attempt: AttemptRef) => this.#read((connection) => runningAttempt(connection, attempt))
  runningAttempts = (leaseBefore?: number) => this.#read((connection) => runningAttempts(connection, leaseBefore))
  getBody = (invocation: string) => this.#read((connection) => getBody(connection, invocation))

  beginPublishing = (attempt: AttemptRef, publishing: Publishing) =>
    this.#write((connection) => beginPublishing(connection, attempt, publishing))
  settle = (settlement: Settlement) => this.#write((connection) => settle(connection, settlement))

  cancel = (id: string, now: number) => this.#write((connection) => cancel(connection, id, now))
  redrive = (id: string, now: number) => this.#write((connection) => redrive(connection, id, now))
  redriveFunction = (name: string, now: number) => this.#write((connection) => redriveFunction(connection, name, now))
  wakeDue = (now: number) => this.#write((connection) => wakeDue(connection, now))
  nextDue = () => this.#read(nextDue)
  backlogs = (limit: number) => this.#read((connection) => backlogs(connection, limit))

  getInvocation = (id: string) => this.#read((connection) => getInvocation(connection, id))
  listInvocations = (filter: InvocationFilter) => this.#read((connection) => listInvocations(connection, filter))
  totals = () => this.#read(totals)
  spending = (since: number) => this.#read((connection) => spending(connection, since))

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

  async #write<T>(operation: Operation<T>): Promise<T> {
    if (this.#closing) throw closed(this.#path)
    return this.#queue.write(operation)
  }

  async #read<T>(query: Operation<T>): Promise<T> {
    if (this.#closing) throw closed(this.#path)
    return this.#queue.read(query)
  }
}
