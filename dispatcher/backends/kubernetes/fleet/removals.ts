/**
 * Removes Jobs, and tries again until the cluster has answered: the pod of one that is left would wait for ever, and might
 * have a machine bought for it.
 */
import { asError } from '../../../../runtime/contract/errors.js'
import type { BackendHost } from '../../backend.js'
import type { Cluster } from '../cluster/cluster.js'

export interface RemovalsContext {
  cluster: Pick<Cluster, 'deleteJob'>
  host: Pick<BackendHost, 'log'>
  now(): number
}

/** Milliseconds between two tries: doubled each time. */
const FIRST_MS = 1000
const MOST_MS = 60_000

interface Removal {
  failures: number
  /** Why the last try failed. */
  words?: string
  /** Epoch milliseconds of the next try; infinite while one is under way. */
  dueAt: number
}

export class Removals {
  readonly #context: RemovalsContext
  readonly #removals = new Map<string, Removal>()

  constructor(context: RemovalsContext) {
    this.#context = context
  }

  /** Returns at once. */
  begin(job: string): void {
    if (job === '') throw new TypeError('a Job is to be removed that has no name')
    if (!this.#removals.has(job)) this.#try(job, { failures: 0 })
  }

  /** To be called now and then: tries again what is due. */
  goOn(): void {
    const now = this.#context.now()
    for (const [job, removal] of this.#removals) if (removal.dueAt <= now) this.#try(job, removal)
  }

  /** What is left over, for people: one sentence, with the words about the one that was tried most often. */
  messages(): string[] {
    const failed = [...this.#removals].filter(([, { words }]) => words !== undefined)
    const [first] = failed.sort(([, a], [, b]) => b.failures - a.failures)
    if (!first) return []
    const [job, { words }] = first
    const which = failed.length === 1 ? `the Job ${job}` : `${failed.length} Jobs, ${job} among them,`
    return [`${which} could not be removed yet: ${words}`]
  }

  #try(job: string, { failures, words }: Omit<Removal, 'dueAt'>): void {
    const { cluster, host, now } = this.#context
    this.#removals.set(job, { failures, dueAt: Infinity, ...(words === undefined ? {} : { words }) })
    cluster.deleteJob(job).then(
      () => void this.#removals.delete(job),
      (thrown: unknown) => {
        const { message } = asError(thrown)
        if (failures === 0) host.log('warn', `the Job ${job} could not be removed yet: ${message}`)
        const pauseMs = Math.min(MOST_MS, FIRST_MS * 2 ** failures)
        this.#removals.set(job, { failures: failures + 1, words: message, dueAt: now() + pauseMs })
      },
    )
  }
}
