/**
 * Removes Jobs, and tries again until the cluster has answered: the pod of one that is left would wait for ever, and might
 * have a machine bought for it.
 */
import { asError } from '../../../runtime/contract/errors.js'
import type { BackendHost } from '../backend.js'
import type { Cluster } from './cluster.js'

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
    if (!this.#removals.has(job)) this.#try(job, 0)
  }

  /** To be called now and then: tries again what is due. */
  goOn(): void {
    const now = this.#context.now()
    for (const [job, { failures, dueAt }] of this.#removals) if (dueAt <= now) this.#try(job, failures)
  }

  #try(job: string, failures: number): void {
    const { cluster, host, now } = this.#context
    this.#removals.set(job, { failures, dueAt: Infinity })
    cluster.deleteJob(job).then(
      () => void this.#removals.delete(job),
      (thrown: unknown) => {
        if (failures === 0) host.log('warn', `the Job ${job} could not be removed yet: ${asError(thrown).message}`)
        const pauseMs = Math.min(MOST_MS, FIRST_MS * 2 ** failures)
        this.#removals.set(job, { failures: failures + 1, dueAt: now() + pauseMs })
      },
    )
  }
}
