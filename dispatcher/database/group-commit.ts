/** Everything that is written before a commit begins shares it, and so one flush of the disk. */
import { asError } from '../../runtime/contract/errors.js'

/** Gives the value of a write that was committed, or throws what it has to say; may have to find out first. */
export type Outcome = () => unknown

/** Commits all of the work, one outcome each, or nothing of it and throws, `CommitFailed` where one piece is to blame. */
export type Commit<Work> = (work: readonly Work[]) => Promise<Outcome[]> | Outcome[]

/** Nothing was committed, because of the piece of work with that index; the others may be tried without it. */
export class CommitFailed extends Error {
  constructor(
    readonly index: number,
    readonly reason: unknown,
  ) {
    super(asError(reason).message)
  }
}

interface Job<Work> {
  work: Work
  settle(outcome: Outcome): void
}

export class GroupCommit<Work> {
  readonly #commit: Commit<Work>
  readonly #soon: () => Promise<void>
  #waiting: Job<Work>[] = []
  /** The commit that is under way, and the one that collects work. */
  #current: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  /** `soon` resolves when enough has been waited for others. */
  constructor(commit: Commit<Work>, soon: () => Promise<void>) {
    this.#commit = commit
    this.#soon = soon
  }

  /** Resolves after the commit. Work that fails is rejected alone and leaves nothing behind. */
  write<T>(work: Work): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (outcome: Outcome) => {
        try {
          resolve(outcome() as T)
        } catch (error) {
          reject(asError(error))
        }
      }
      this.#waiting.push({ work, settle })
      this.#next ??= this.#flush()
    })
  }

  /** Resolves when all that was asked for before has been committed or rejected. */
  idle(): Promise<void> {
    return this.#next ?? this.#current
  }

  async #flush(): Promise<void> {
    await Promise.all([this.#current, this.#soon()])
    const jobs = this.#waiting
    this.#waiting = []
    this.#current = this.#next!
    this.#next = undefined
    await this.#commitTogether(jobs)
  }

  async #commitTogether(jobs: Job<Work>[]): Promise<void> {
    let rest = jobs
    while (rest.length > 0) {
      try {
        const outcomes = await this.#commit(rest.map(({ work }) => work))
        return rest.forEach((job, index) => job.settle(outcomes[index]!))
      } catch (error) {
        const [failed, reason] = error instanceof CommitFailed ? [[rest[error.index]!], error.reason] : [rest, error]
        failed.forEach((job) => job.settle(throwing(reason)))
        rest = rest.filter((job) => !failed.includes(job))
      }
    }
  }
}

const throwing =
  (reason: unknown): Outcome =>
  () => {
    throw reason
  }
