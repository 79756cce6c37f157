/** The loop: take back what was lost, wake what is due, and scale the workers to the queue. */
import { failed, type Cause } from '../runtime/contract/outcome.js'
import { asError, SpillwayError } from '../runtime/contract/errors.js'
import type { BackendName } from '../runtime/contract/function-spec.js'
import type { BackendHost, Demand, WorkerBackend } from './backends/backend.js'
import type { Bills } from './calls/bills.js'
import type { Calls } from './calls/calls.js'
import type { Changes } from './changes.js'
import type { Release } from '../runtime/contract/release.js'
import type { Backlog, Database } from './database/database.js'
import type { Outages } from './outages.js'
import type { Redecide } from './routing/redecide.js'
import type { Routing } from './routing/routing.js'
import type { Settle } from './outcomes/settle.js'
import { CALL, scaleDuty, TEND, type Replicas } from './replicas/replicas.js'
import { takeBackLost } from './outcomes/take-back-lost.js'
import { spillTopic, workTopic } from './topics.js'
import type { WorkerBook } from './workers/worker-book.js'

/** Milliseconds between two rounds when nothing happens. */
const ROUND_MS = 1000

/** Ready invocations of one release beyond which more would not change what the back-ends do. */
const QUEUED_SHOWN_MAX = 1000

const NO_WORK = { queued: 0, queuedFor: {}, running: 0, runningOn: {} }

type Work = Omit<Backlog, 'release'> & { release: Release }

export interface DispatchContext {
  database: Database
  backends: readonly WorkerBackend[]
  bills: Bills
  calls: Calls
  routing: Routing
  outages: Pick<Outages, 'holds' | 'look'>
  redecide: Redecide
  book: WorkerBook
  replicas: Pick<Replicas, 'holds' | 'idleOf'>
  changes: Changes
  settle: Settle
  release(name: string, number: number): Promise<Release>
  current(): Release[]
  leaseMs: number
  now(): number
  log: BackendHost['log']
}

export class Dispatch {
  readonly #context: DispatchContext
  readonly #stopped = new AbortController()
  #round: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #isStarted = false
  #isCalling = false
  #draining = false

  constructor(context: DispatchContext) {
    this.#context = context
  }

  /** Nothing happens before. Attempts that nobody tended get a fresh lease: their workers may still be at work. */
  async start(): Promise<void> {
    const { database, replicas, leaseMs, now } = this.#context
    if (replicas.holds(TEND))
      for (const attempt of await database.runningAttempts()) await database.renewLease(attempt, now() + leaseMs)
    this.#isStarted = true
    this.wake()
  }

  /** Something changed: a round runs soon, once, however often it is called. */
  wake(): void {
    if (this.#stopped.signal.aborted || !this.#isStarted) return
    this.#again = true
    this.#round ??= this.#rounds()
  }

  /** From now on workers are not started; running attempts go on. */
  drain(): void {
    this.#draining = true
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await this.#round
    await this.#context.redecide.idle()
    await this.#context.bills.idle()
  }

  /** The worker ended: what it held is taken back at once, without waiting for the lease. */
  async workerEnded(worker: string, why: { cause: Cause; message: string }): Promise<void> {
    this.#context.book.forget(worker)
    const held = (await this.#context.database.runningAttempts()).filter(
      (attempt) => attempt.worker === worker && !attempt.publishing,
    )
    for (const attempt of held) await this.#context.settle.fail(attempt, failed(why))
    this.wake()
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stopped.signal.aborted) {
      this.#again = false
      await this.#oneRound().catch((thrown: unknown) => this.#report(thrown))
    }
    this.#round = undefined
    this.#timer?.refresh()
    this.#timer ??= setTimeout(() => this.wake(), ROUND_MS).unref()
  }

  async #oneRound(): Promise<void> {
    this.#context.outages.look()
    if (this.#context.replicas.holds(TEND)) {
      await takeBackLost(this.#context)
      await this.#wakeDue()
    }
    if (!this.#draining) await this.#scale()
  }

  async #wakeDue(): Promise<void> {
    const { database, changes, now } = this.#context
    const due = await database.nextDue()
    if (due === undefined || due > now()) return
    if ((await database.wakeDue(now())) > 0)
      for (const { function: name } of await database.backlogs(1)) changes.notify(workTopic(name))
  }

  async #scale(): Promise<void> {
    const { backends, replicas, release, database, routing, redecide } = this.#context
    const change = routing.look()
    this.#noteCalling(replicas.holds(CALL))
    const count = routing.books.beginCount()
    const backlogs = await database.backlogs(Number.MAX_SAFE_INTEGER)
    await routing.counted(count, backlogs)
    if (replicas.holds(TEND)) redecide.look(change, backlogs)
    const work = await Promise.all(
      this.#withCurrent(backlogs).map(async (one) => ({ ...one, release: await release(one.function, one.release) })),
    )
    for (const backend of backends) {
      const { name } = backend.limits
      const mine = work.filter(({ release: { spec } }) => spec.backends?.includes(name) ?? true)
      const demands = mine.map((one) => this.#demand(one, name))
      if (backend.follow && !replicas.holds(scaleDuty(name))) backend.follow(demands)
      else backend.scale(demands)
      if (backend.limits.public) this.#offer(demands)
    }
    if (!replicas.holds(CALL)) return
    this.#context.bills.look()
    await this.#context.calls.spill(backlogs)
  }

  /** Another dispatcher has spent until now: what it left running is looked up before more is spent. */
  #noteCalling(isCalling: boolean): void {
    if (isCalling && !this.#isCalling) this.#context.routing.spendingIsOld()
    this.#isCalling = isCalling
  }

  /** What may spill over becomes due without anything happening: workers of a public back-end are to look again. */
  #offer(demands: readonly Demand[]): void {
    for (const { release, queued, running, concurrency, idle } of demands)
      if (queued > 0 && running < concurrency && idle.length > 0)
        this.#context.changes.wake(spillTopic(release.function))
  }

  /** Releases without work are demands too: their idle workers are known to the back-end by them. */
  #withCurrent(backlogs: Backlog[]): Backlog[] {
    const idle = this.#context
      .current()
      .filter(
        ({ function: name, number }) => !backlogs.some((other) => other.function === name && other.release === number),
      )
    return [...backlogs, ...idle.map(({ function: name, number }) => ({ function: name, release: number, ...NO_WORK }))]
  }

  #demand({ release, queuedFor, runningOn, running }: Work, backend: BackendName): Demand {
    const here = runningOn[backend] ?? 0
    const ready = this.#context.outages.holds(release.spec) ? 0 : (queuedFor[backend] ?? 0)
    return {
      release,
      queued: Math.min(QUEUED_SHOWN_MAX, ready),
      running: here,
      concurrency: (release.spec.concurrency ?? Number.POSITIVE_INFINITY) - (running - here),
      idle: this.#context.replicas.idleOf(release.function, release.number),
    }
  }

  #report(thrown: unknown): void {
    const error = asError(thrown)
    const level = thrown instanceof SpillwayError && thrown.retryable ? 'warn' : 'error'
    this.#context.log(level, `a round of dispatching failed: ${error.message}`, { stack: error.stack })
  }
}
