/** The workers that the back-ends started: which there are, and which of them wait for work. In memory only. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'

/** By release, see `idleKey`. */
export type IdleWorkers = Record<string, string[]>

export const idleKey = (functionName: string, release: number): string => `${functionName} ${release}`

interface Entry {
  claims: WorkerClaims
  /** Nonce of the one start that it has made. */
  start?: string
  /** It has asked for work with its worker token: whoever comes with its start token now is somebody else. */
  isUp?: boolean
  /** Set while the worker waits for work. */
  waiting?: symbol
}

/** `unknown`: of no back-end that runs now; `spent`: somebody has started as this worker before. */
export type StartVerdict = 'started' | 'unknown' | 'spent'

export class WorkerBook {
  readonly #entries = new Map<string, Entry>()
  #adopting = 0

  admit(claims: WorkerClaims): void {
    this.#entries.set(claims.worker, { ...this.#entries.get(claims.worker), claims })
  }

  /**
   * False for workers of an earlier life of the dispatcher: they may finish, but get no more work. While such workers
   * are being looked for nobody can tell: `backend-unavailable`, which makes them ask again.
   */
  wants(worker: string): boolean {
    const entry = this.#entries.get(worker)
    if (!entry) this.#mustNotAdopt()
    else entry.isUp = true
    return entry !== undefined
  }

  /** Whether that worker may start. A start whose answer got lost may be repeated: it has the same nonce. */
  start(worker: string, nonce: string): StartVerdict {
    const entry = this.#entries.get(worker)
    if (!entry) this.#mustNotAdopt()
    if (!entry) return 'unknown'
    if (entry.isUp) return 'spent'
    entry.start ??= nonce
    return entry.start === nonce ? 'started' : 'spent'
  }

  /** Workers of an earlier life are being looked for until the returned function is called. */
  adopting(): () => void {
    this.#adopting++
    let isOver = false
    return () => {
      if (!isOver) this.#adopting--
      isOver = true
    }
  }

  /** The worker waits for work until the returned function is called. */
  enter(worker: string): () => void {
    const entry = this.#entries.get(worker)
    if (!entry) throw new Error(`worker ${worker} is not in the book`)
    const waiting = Symbol(worker)
    this.#entries.delete(worker)
    this.#entries.set(worker, { ...entry, waiting })
    return () => this.#leave(worker, waiting)
  }

  forget(worker: string): void {
    this.#entries.delete(worker)
  }

  has(worker: string): boolean {
    return this.#entries.has(worker)
  }

  /** Workers of a release that wait for work, longest first. */
  idle(functionName: string, release: number): string[] {
    return [...this.#entries.values()]
      .filter(({ claims, waiting }) => waiting && claims.function === functionName && claims.release === release)
      .map(({ claims }) => claims.worker)
  }

  /** All workers that wait for work, longest first. */
  idleByRelease(): IdleWorkers {
    const idle: IdleWorkers = {}
    for (const { claims, waiting } of this.#entries.values())
      if (waiting) (idle[idleKey(claims.function, claims.release)] ??= []).push(claims.worker)
    return idle
  }

  #leave(worker: string, waiting: symbol): void {
    const entry = this.#entries.get(worker)
    if (entry?.waiting === waiting) delete entry.waiting
  }

  #mustNotAdopt(): void {
    if (this.#adopting > 0)
      throw new SpillwayError('backend-unavailable', 'The dispatcher is still looking for its workers; ask again.')
  }
}
