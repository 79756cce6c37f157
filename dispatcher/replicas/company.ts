/** What a dispatcher does because there are others on its database, or might be: which duties, what it hears, what it takes over. */
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { Calls } from '../calls/calls.js'
import type { AttemptRef, RunningAttempt } from '../database/database.js'
import type { Dispatch } from '../dispatch.js'
import type { Ground } from '../wiring/ground.js'
import type { Settle } from '../outcomes/settle.js'
import { workTopic } from '../topics.js'
import { WORKER_TOKEN_MS } from '../workers/worker-token.js'
import { hear } from './hear.js'
import { CALL, listDuty, Replicas, scaleDuty, TEND } from './replicas.js'

export interface CompanyContext extends Pick<
  Ground,
  'backends' | 'book' | 'changes' | 'database' | 'log' | 'now' | 'registry' | 'stores'
> {
  /** What does the work; made after this. */
  work(): { calls: Calls; dispatch: Dispatch; settle: Settle }
  /** Functions or duties are others than before. */
  onChanged(): void
}

export class Company {
  readonly replicas: Replicas
  readonly #context: CompanyContext

  constructor(context: CompanyContext) {
    this.#context = context
    const { backends, book, database, log, onChanged } = context
    this.replicas = new Replicas({
      shared: database.shared,
      duties: () => this.#duties(),
      called: () => backends.called.map(({ limits }) => limits.name),
      book,
      onHeard: (topic, count) => this.#heard(topic, count),
      onGap: () => this.#lookAgain(),
      onBeat: () => this.#wakeForQueued(),
      onFunctions: () => this.#functionsChanged(),
      onDuties: onChanged,
      onAdopted: (attempts) => this.#adopt(attempts),
      onTidy: () => this.#tidy(),
      log,
    })
  }

  /** What an earlier life of the dispatcher, or another one, left running. */
  async takeUp(attempts: readonly RunningAttempt[]): Promise<void> {
    const { calls, settle } = this.#context.work()
    settle.takeUp(attempts)
    await calls.takeUp(attempts)
  }

  /** Makes a worker known that another dispatcher has started, unless it was sent away. */
  async meet(claims: WorkerClaims): Promise<void> {
    const { backends, book, database } = this.#context
    if (!database.shared || !backends.worker(claims.backend)?.follow) return
    if (!(await database.shared.isDismissed(claims.worker))) book.admit(claims)
  }

  /** Before it stops: another dispatcher goes on with what is not of this machine. */
  waitsFor({ backend, worker }: RunningAttempt): boolean {
    const { backends, book } = this.#context
    return this.replicas.isAlone || (book.has(worker) && !backends.worker(backend)?.follow)
  }

  /** Of what this dispatcher is told to do, what one does at a time. */
  #duties(): string[] {
    const { backends, stores } = this.#context
    const scaled = backends.workers.filter(({ follow }) => follow).map(({ limits }) => scaleDuty(limits.name))
    return [TEND, CALL, ...scaled, ...stores.names().map(listDuty)]
  }

  #heard(topic: string, count: number): void {
    const { backends, book, changes, work } = this.#context
    hear(topic, count, {
      ...work(),
      changes,
      book,
      worker: (backend) => backends.workers.find(({ limits }) => limits.name === backend),
      onFunctions: () => this.#inBackground(this.#functionsChanged()),
    })
  }

  /** Nobody told of what happened meanwhile. */
  #lookAgain(): void {
    this.#context.changes.wakeAll()
    this.#inBackground(this.#functionsChanged())
  }

  async #functionsChanged(): Promise<void> {
    await this.#context.registry.refresh()
    this.#context.onChanged()
  }

  /** Of work that another dispatcher accepted and could not tell of any more. */
  async #wakeForQueued(): Promise<void> {
    const { changes, database } = this.#context
    for (const { function: name, queued } of await database.backlogs(1)) if (queued > 0) changes.wake(workTopic(name))
  }

  async #adopt(attempts: AttemptRef[]): Promise<void> {
    const { database } = this.#context
    const running = await Promise.all(attempts.map((attempt) => database.runningAttempt(attempt)))
    await this.takeUp(running.filter((attempt) => attempt !== undefined))
  }

  async #tidy(): Promise<void> {
    const { database, now, work } = this.#context
    await work().settle.tidy()
    await database.shared?.tidy(now() - WORKER_TOKEN_MS)
  }

  #inBackground(work: Promise<void>): void {
    work.catch((thrown: unknown) => this.#context.log('warn', String(thrown)))
  }
}
