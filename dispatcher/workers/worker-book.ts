/** The workers that the back-ends started: which there are, and which of them wait for work. In memory only. */
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'

interface Entry {
  claims: WorkerClaims
  /** Set while the worker waits for work. */
  waiting?: symbol
}

export class WorkerBook {
  readonly #entries = new Map<string, Entry>()

  admit(claims: WorkerClaims): void {
    this.#entries.set(claims.worker, { claims })
  }

  /** False for workers of an earlier life of the dispatcher: they may finish, but get no more work. */
  wants(worker: string): boolean {
    return this.#entries.has(worker)
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

  /** Workers of a release that wait for work, longest first. */
  idle(functionName: string, release: number): string[] {
    return [...this.#entries.values()]
      .filter(({ claims, waiting }) => waiting && claims.function === functionName && claims.release === release)
      .map(({ claims }) => claims.worker)
  }

  #leave(worker: string, waiting: symbol): void {
    const entry = this.#entries.get(worker)
    if (entry?.waiting === waiting) delete entry.waiting
  }
}
