/** How many more attempts public back-ends take: what those that are called say, and the slots of those with workers. */
import { BACKEND_NAMES, isPublic, type BackendName } from '../../runtime/contract/function-spec.js'
import type { Release } from '../../runtime/contract/release.js'
import type { CallBackend } from '../backends/call-backend.js'
import type { Backlog } from '../database/database.js'

export interface RoomsContext {
  called: readonly CallBackend[]
  /** Of a back-end with workers. */
  slots(backend: BackendName): number | undefined
}

export class Rooms {
  readonly #context: RoomsContext
  readonly #running = new Map<BackendName, number>()

  constructor(context: RoomsContext) {
    this.#context = context
  }

  /** Undefined: nobody knows. */
  of(backend: BackendName, release: Pick<Release, 'function'>): number | undefined {
    const called = this.#context.called.find(({ limits }) => limits.name === backend)
    if (called) return called.room(release)
    const slots = this.#context.slots(backend)
    return slots === undefined ? undefined : slots - (this.#running.get(backend) ?? 0)
  }

  started(backend: BackendName): void {
    this.#running.set(backend, (this.#running.get(backend) ?? 0) + 1)
  }

  ended(backend: BackendName): void {
    this.#running.set(backend, (this.#running.get(backend) ?? 0) - 1)
  }

  /** What the record says: what others have started is in it too. */
  counted(backlogs: readonly Backlog[]): void {
    for (const backend of BACKEND_NAMES.filter(isPublic))
      this.#running.set(
        backend,
        backlogs.reduce((sum, { runningOn }) => sum + (runningOn[backend] ?? 0), 0),
      )
  }
}
