/** Everything that is written in two turns of the event loop shares one commit, and so one fsync. */
import { asError } from '../../../runtime/contract/errors.js'
import type { Connection } from './connection.js'
import type { Disk } from './disk.js'
import { isUnavailable } from './refusal.js'

/** May be run more than once; only what the last run did is kept. */
export type Operation<T> = (connection: Connection) => T

interface Job {
  run(connection: Connection): void
  resolve(): void
  reject(error: Error): void
}

export class GroupCommit {
  readonly #disk: Disk
  #waiting: Job[] = []
  #flush: Promise<void> | undefined

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Resolves after the commit. An operation that throws is rejected alone and leaves nothing behind. */
  write<T>(operation: Operation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let value: T
      this.#waiting.push({
        run: (connection) => {
          value = operation(connection)
        },
        resolve: () => resolve(value),
        reject,
      })
      this.#flush ??= this.#flushSoon()
    })
  }

  /** Sees all writes that were asked for before. */
  async read<T>(query: Operation<T>): Promise<T> {
    await this.idle()
    return this.#disk.read(query)
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await this.#flush
  }

  #flushSoon(): Promise<void> {
    return new Promise((resolve) => {
      const flush = () => {
        const jobs = this.#waiting
        this.#waiting = []
        this.#flush = undefined
        commitTogether(this.#disk, jobs)
        resolve()
      }
      // In the turn between, what has come in meanwhile is read: it costs microseconds and may save a commit.
      setImmediate(() => setImmediate(flush))
    })
  }
}

function commitTogether(disk: Disk, jobs: Job[]): void {
  let rest = jobs
  while (rest.length > 0) {
    const failure = tryTogether(disk, rest)
    if (!failure) return rest.forEach((job) => job.resolve())
    failure.jobs.forEach((job) => job.reject(failure.error))
    rest = rest.filter((job) => !failure.jobs.includes(job))
  }
}

/** Undefined when all were committed, else those that must not be tried again: one that threw, or all. */
function tryTogether(disk: Disk, jobs: Job[]): { jobs: Job[]; error: Error } | undefined {
  let current: Job | undefined
  try {
    disk.transaction((connection) => {
      for (const job of jobs) {
        current = job
        job.run(connection)
      }
    })
    return undefined
  } catch (error) {
    return { jobs: isUnavailable(error) || !current ? jobs : [current], error: asError(error) }
  }
}
