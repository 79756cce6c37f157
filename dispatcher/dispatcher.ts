/** The dispatcher as a value: every part made and tied to the others; started, drained, and closed in reverse order. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type {
  BackendStatus,
  FunctionRecord,
  PackagedFile,
  PutFunctionAnswer,
} from '../runtime/contract/dispatcher-api.js'
import type { Decision } from '../runtime/contract/decision.js'
import type { FunctionSpec } from '../runtime/contract/function-spec.js'
import type { Outcome } from '../runtime/contract/outcome.js'
import type { Problem } from '../runtime/contract/problem.js'
import type { WorkerClaims } from '../runtime/contract/runtime-api.js'
import type { BackendHost, WorkerBackend } from './backends/backend.js'
import { Changes } from './changes.js'
import type { DispatcherConfig } from './config.js'
import type { Database, Release, RunningAttempt } from './database/database.js'
import { Dispatch } from './dispatch.js'
import { Intake } from './intake/intake.js'
import { Observer } from './intake/observer.js'
import { Registry } from './registry.js'
import { decide } from './router/decide.js'
import { Settle } from './settle.js'
import type { Stores } from './storage/stores.js'
import { Attempts } from './workers/attempts.js'
import { HandOut, workTopic } from './workers/hand-out.js'
import { InputGrants } from './workers/input-grants.js'
import { LogBook } from './workers/log-book.js'
import { OutputGrants } from './workers/output-grants.js'
import { WorkerBook } from './workers/worker-book.js'
import { signWorkerToken } from './workers/worker-token.js'

/** Milliseconds for which a worker token is good; a worker that lives longer is replaced. */
const WORKER_TOKEN_MS = 30 * 24 * 3600 * 1000

/** Milliseconds between two listings of a storage, unless its configuration says otherwise. */
const RECONCILE_MS = 60_000

/** Milliseconds for which a file must not have changed to count as written, unless its configuration says otherwise. */
const SETTLE_MS = 1000

export interface DispatcherParts {
  config: DispatcherConfig
  database: Database
  stores: Stores
  openBackends(host: BackendHost): WorkerBackend[]
  log: BackendHost['log']
  now(): number
  random(): number
}

export const endTopic = (invocation: string) => `end ${invocation}`
export const logTopic = (invocation: string) => `log ${invocation}`

export class Dispatcher {
  readonly config: DispatcherConfig
  readonly database: Database
  readonly registry: Registry
  readonly intake: Intake
  readonly handOut: HandOut
  readonly attempts: Attempts
  readonly logs: LogBook
  readonly changes = new Changes()
  readonly now: () => number
  readonly #parts: DispatcherParts
  readonly #book = new WorkerBook()
  readonly #backends: WorkerBackend[]
  readonly #settle: Settle
  readonly #dispatch: Dispatch
  readonly #observer: Observer
  readonly #closing = new AbortController()
  #origin = ''
  #draining = false

  static async open(parts: DispatcherParts): Promise<Dispatcher> {
    const backends: WorkerBackend[] = []
    const registry = await Registry.open({
      database: parts.database,
      storages: parts.stores.names(),
      backends: parts.config.backends.local ? ['local'] : [],
      refusals: (spec) => refusals(spec, backends),
    })
    return new Dispatcher(parts, registry, backends)
  }

  private constructor(parts: DispatcherParts, registry: Registry, backends: WorkerBackend[]) {
    const { config, database, stores, now, random, log } = parts
    const release = (name: string, number: number) => registry.release(name, number)
    const leaseMs = config.lease * 1000
    const outputs = new OutputGrants((name) => stores.get(name))
    this.#parts = parts
    this.config = config
    this.database = database
    this.registry = registry
    this.now = now
    this.logs = new LogBook(join(config.stateDirectory, 'logs'), (invocation) =>
      this.changes.notify(logTopic(invocation)),
    )
    this.#backends = backends
    this.#settle = new Settle({
      database,
      outputs,
      store: (name) => stores.get(name),
      storages: () => stores.all(),
      release,
      now,
      random,
      onSettled: (attempt, outcome, ended) => this.#settled(attempt, outcome, ended),
      pause: (milliseconds) => delay(milliseconds, undefined, { signal: this.#closing.signal }),
    })
    const grants = new InputGrants({
      database,
      store: (name) => stores.get(name),
      origin: () => this.#origin,
      token: (claims) => signWorkerToken(claims, config.workerSecret),
    })
    this.handOut = new HandOut({
      database,
      book: this.#book,
      changes: this.changes,
      settle: this.#settle,
      grants,
      release,
      leaseMs,
      now,
      isDraining: () => this.#draining,
    })
    this.attempts = new Attempts({ database, settle: this.#settle, outputs, logs: this.logs, release, leaseMs, now })
    this.#dispatch = new Dispatch({
      database,
      backends,
      book: this.#book,
      changes: this.changes,
      settle: this.#settle,
      release,
      current: () => registry.all(),
      leaseMs,
      now,
      log,
    })
    this.intake = new Intake({
      database,
      current: (name) => registry.current(name),
      takers: (event) => registry.takers(event),
      backends: () => backends.map(({ limits }) => limits),
      now,
      onAccepted: (name, count) => this.#accepted(name, count),
    })
    this.#observer = new Observer({
      store: (name) => stores.get(name),
      reconcileMs: (storage) => (config.storage[storage]?.reconcile ?? RECONCILE_MS / 1000) * 1000,
      settleMs: (storage) => (config.storage[storage]?.settle ?? SETTLE_MS / 1000) * 1000,
      offer: (events) => this.intake.offer(events),
      now,
      log,
    })
  }

  /** Call it once the HTTP server listens at `origin`: from here workers run and files are seen. */
  async start(origin: string): Promise<void> {
    this.#origin = origin
    this.#backends.push(...this.#parts.openBackends(this.#host()))
    await this.#settle.resume()
    await this.#dispatch.start()
    this.#follow()
  }

  get origin(): string {
    return this.#origin
  }

  get draining(): boolean {
    return this.#draining
  }

  async put(name: string, spec: unknown, files: PackagedFile[]): Promise<PutFunctionAnswer> {
    const { release, created } = await this.registry.put({ name, spec, files, now: this.now() })
    for (const { storage, bucket } of [...release.spec.input, ...release.spec.output])
      await this.#parts.stores.get(storage).ensureBucket(bucket)
    this.#follow()
    this.#dispatch.wake()
    return { ...(await this.describe(release)), created }
  }

  async remove(name: string): Promise<boolean> {
    const removed = await this.registry.remove(name, this.now())
    this.#follow()
    this.#dispatch.wake()
    return removed
  }

  async describe(release: Release): Promise<FunctionRecord> {
    const backlogs = (await this.database.backlogs(Number.MAX_SAFE_INTEGER)).filter(
      (backlog) => backlog.function === release.function,
    )
    return {
      name: release.function,
      release: release.number,
      releasedAt: release.createdAt,
      spec: release.spec,
      queued: sum(backlogs.map(({ queued }) => queued)),
      running: sum(backlogs.map(({ running }) => running)),
      notes: this.#backends.flatMap((backend) => backend.check(release.spec).notes),
    }
  }

  decide(name: string, inputBytes: number): Decision {
    const { spec } = this.registry.current(name)
    return decide(
      { spec, inputBytes },
      this.#backends.map(({ limits }) => limits),
    )
  }

  async cancel(id: string): Promise<'cancelled' | 'refused' | 'unknown'> {
    const answer = await this.database.cancel(id, this.now())
    if (answer === 'cancelled') this.changes.notify(endTopic(id))
    this.#dispatch.wake()
    return answer
  }

  async redrive(id: string): Promise<'redriven' | 'refused' | 'unknown'> {
    const answer = await this.database.redrive(id, this.now())
    if (answer === 'redriven') this.#accepted((await this.database.getInvocation(id))!.function, 1)
    return answer
  }

  async redriveFunction(name: string): Promise<number> {
    const count = await this.database.redriveFunction(this.registry.current(name).function, this.now())
    this.#accepted(name, count)
    return count
  }

  async backends(): Promise<BackendStatus[]> {
    const running = await this.database.runningAttempts()
    return this.#backends.map((backend) => {
      const status = backend.status()
      return { ...status, running: running.filter((attempt) => attempt.backend === status.name).length }
    })
  }

  /** A worker that could not start says why; it ends by itself. */
  noteInitError({ worker, function: name }: WorkerClaims, message: string): void {
    this.#parts.log('error', `worker of ${name} could not start: ${message}`, { worker })
  }

  /** Offers everything that lies in the input buckets; resolves when it is on record. */
  reconcileNow(): Promise<void> {
    return this.#observer.reconcileNow()
  }

  /** Takes in and hands out nothing more; resolves when nothing runs any more, or after the configured time. */
  async drain(): Promise<void> {
    this.#draining = true
    this.#dispatch.drain()
    const until = this.now() + this.config.drain * 1000
    while (this.now() < until && (await this.database.runningAttempts()).length > 0) await delay(50)
  }

  async close(): Promise<void> {
    this.#draining = true
    await this.#observer.close()
    await Promise.all(this.#backends.map((backend) => backend.close()))
    this.#closing.abort()
    await this.#settle.idle()
    await this.#dispatch.stop()
    await this.#parts.stores.close()
    await this.database.close()
  }

  #host(): BackendHost {
    return {
      admit: (worker, release) => this.#admit(worker, release),
      onWorkerEnd: (worker, why) => {
        this.#dispatch
          .workerEnded(worker, why)
          .catch((thrown: unknown) => this.#parts.log('warn', `worker ${worker}: ${String(thrown)}`))
      },
      packageOf: async ({ packageDigest }) => (await this.database.getPackage(packageDigest)) ?? Buffer.from('[]'),
      log: this.#parts.log,
    }
  }

  #admit(worker: string, release: Release): string {
    const claims: WorkerClaims = {
      function: release.function,
      release: release.number,
      backend: 'local',
      worker,
      expiresAt: this.now() + WORKER_TOKEN_MS,
    }
    this.#book.admit(claims)
    return signWorkerToken(claims, this.config.workerSecret)
  }

  #follow(): void {
    this.#observer.follow(this.registry.all().flatMap(({ spec }) => spec.input))
  }

  #accepted(name: string, count: number): void {
    this.changes.notify(workTopic(name), count)
    this.#dispatch.wake()
  }

  #settled(attempt: RunningAttempt, outcome: Outcome, ended: boolean): void {
    this.changes.notify(workTopic(attempt.function), 1)
    if (ended) this.changes.notify(endTopic(attempt.invocation))
    if (ended) this.changes.notify(logTopic(attempt.invocation))
    this.#dispatch.wake()
    const { invocation, attempt: number, function: name, release, backend, startedAt } = attempt
    const failure = outcome.outcome === 'failed' ? { cause: outcome.cause, reason: outcome.message } : {}
    const facts = {
      invocation,
      attempt: number,
      function: name,
      release,
      backend,
      ms: this.now() - startedAt,
      ended,
      ...failure,
    }
    this.#parts.log(outcome.outcome === 'failed' ? 'warn' : 'info', outcome.outcome, facts)
  }
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

function refusals(spec: FunctionSpec, backends: readonly WorkerBackend[]): Problem[] {
  const listed = backends.filter(({ limits }) => spec.backends?.includes(limits.name) ?? true)
  const answers = listed.map((backend) => backend.check(spec).refusal)
  if (answers.some((refusal) => refusal === undefined)) return []
  return answers.map((refusal) => ({ path: 'backends', expected: `must have one that can run it; ${refusal}` }))
}
