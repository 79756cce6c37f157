/** The dispatcher as a value: every part made and tied to the others; started, drained, and closed in reverse order. */
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { BackendStatus } from '../runtime/contract/dispatcher-api.js'
import type { HistoryRow } from '../runtime/contract/history-row.js'
import type { BackendName, FunctionSpec } from '../runtime/contract/function-spec.js'
import type { Outcome, PublishedOutput } from '../runtime/contract/outcome.js'
import { configuredBackends, isAwsS3, SETTLE_SECONDS } from '../runtime/contract/service-config.js'
import type { WorkerClaims } from '../runtime/contract/runtime-api.js'
import type { BackendHost, WorkerBackend } from './backends/backend.js'
import type { CallBackend, CallHost } from './backends/call-backend.js'
import { BackendsAtHand } from './backends-at-hand.js'
import { backendHost } from './backend-host.js'
import { Calls } from './calls.js'
import { Changes } from './changes.js'
import type { DispatcherConfig } from './config.js'
import type { AttemptRef, Database, RunningAttempt } from './database/database.js'
import { Decisions } from './decisions.js'
import { Dispatch } from './dispatch.js'
import { Functions, refusals } from './functions.js'
import { history } from './history.js'
import { Intake } from './intake/intake.js'
import { Observer } from './intake/observer.js'
import { Prefixes } from './intake/prefixes.js'
import { Uploads } from './intake/uploads.js'
import { Interventions } from './interventions.js'
import { packages } from './packages.js'
import { Registry } from './registry.js'
import { listCost } from './router/price.js'
import { Claims } from './routing/claims.js'
import { priceOf } from './routing/price-of.js'
import { Redecide } from './routing/redecide.js'
import { Routing } from './routing/routing.js'
import { Settle } from './settle.js'
import type { Stores } from './storage/stores.js'
import { Attempts } from './workers/attempts.js'
import { hear } from './replicas/hear.js'
import { CALL, listDuty, Replicas, scaleDuty, TEND } from './replicas/replicas.js'
import { endTopic, FUNCTIONS_TOPIC, logTopic, upTopic, workTopic } from './topics.js'
import { HandOut } from './workers/hand-out.js'
import { InputGrants } from './workers/input-grants.js'
import { GrantsInMemory, SharedGrants } from './workers/grant-book.js'
import { LogBook, type Logs } from './workers/log-book.js'
import { OutputGrants } from './workers/output-grants.js'
import { RelayedFiles } from './workers/relayed-files.js'
import { SharedLogBook } from './workers/shared-log-book.js'
import { StartWorker } from './workers/start-worker.js'
import { WorkerBook } from './workers/worker-book.js'
import { signWorkerToken, WORKER_TOKEN_MS } from './workers/worker-token.js'

/** Milliseconds between two listings of a storage, unless its configuration says otherwise. */
const RECONCILE_MS = 60_000

export interface DispatcherParts {
  config: DispatcherConfig
  database: Database
  stores: Stores
  openBackends(hostOf: (backend: BackendName) => BackendHost): WorkerBackend[]
  openCalled(host: CallHost): CallBackend[]
  log: BackendHost['log']
  now(): number
  random(): number
}

export class Dispatcher {
  readonly config: DispatcherConfig
  readonly database: Database
  readonly functions: Functions
  readonly decisions: Decisions
  readonly interventions: Interventions
  readonly intake: Intake
  readonly prefixes: Prefixes
  readonly uploads: Uploads
  readonly handOut: HandOut
  readonly attempts: Attempts
  readonly relayed: RelayedFiles
  readonly starts: StartWorker
  readonly logs: Logs
  readonly changes = new Changes((topic, count) => this.#replicas.tell(topic, count))
  readonly now: () => number
  readonly #parts: DispatcherParts
  readonly #registry: Registry
  readonly #book = new WorkerBook()
  readonly #backends: BackendsAtHand
  readonly #replicas: Replicas
  readonly #settle: Settle
  readonly #routing: Routing
  readonly #calls: Calls
  readonly #dispatch: Dispatch
  readonly #observer: Observer
  readonly #closing = new AbortController()
  #origin = ''
  #draining = false

  static async open(parts: DispatcherParts): Promise<Dispatcher> {
    const backends = new BackendsAtHand()
    const registry = await Registry.open({
      database: parts.database,
      storages: parts.stores.names(),
      backends: configuredBackends(parts.config.backends),
      refusals: (spec) => refusals(spec, backends.all()),
    })
    return new Dispatcher(parts, registry, backends)
  }

  private constructor(parts: DispatcherParts, registry: Registry, backends: BackendsAtHand) {
    const { config, database, stores, now, random, log } = parts
    const release = (name: string, number: number) => registry.release(name, number)
    const leaseMs = config.lease * 1000
    const relay = {
      store: (name: string) => stores.get(name),
      origin: ({ backend }: WorkerClaims) => backends.worker(backend)?.origin ?? this.#origin,
      token: (claims: WorkerClaims) => signWorkerToken(claims, config.workerSecret),
    }
    const { shared } = database
    const outputs = new OutputGrants({ ...relay, book: shared ? new SharedGrants(shared) : new GrantsInMemory() })
    this.#parts = parts
    this.config = config
    this.database = database
    this.#registry = registry
    this.now = now
    const logged = (invocation: string) => this.changes.notify(logTopic(invocation))
    this.logs = shared ? new SharedLogBook(shared, logged) : new LogBook(join(config.stateDirectory, 'logs'), logged)
    this.#backends = backends
    this.#replicas = new Replicas({
      shared,
      duties: () => this.#duties(),
      called: () => backends.called.map(({ limits }) => limits.name),
      book: this.#book,
      onHeard: (topic, count) => this.#heard(topic, count),
      onGap: () => this.#lookAgain(),
      onBeat: () => this.#wakeForQueued(),
      onFunctions: () => this.#functionsChanged(),
      onDuties: () => this.#changed(),
      onAdopted: (attempts) => this.#adopt(attempts),
      onTidy: () => this.#tidy(),
      log,
    })
    this.#routing = new Routing({
      database,
      backends,
      release,
      idle: ({ function: name, number }) => this.#replicas.idleOf(name, number).length,
      dispatchers: () => this.#replicas.count,
      now,
    })
    const claims = new Claims({ database, routing: this.#routing, now })
    this.#settle = new Settle({
      database,
      outputs,
      store: (name) => stores.get(name),
      storages: () => stores.all(),
      release,
      costOf: (attempt, { spec }) => this.#costOfWorker(attempt, spec),
      now,
      random,
      afterFailure: (attempt, cause) => this.#routing.afterFailure(attempt, cause),
      onSettled: (attempt, end) => this.#settled(attempt, end),
      pause: (milliseconds) => delay(milliseconds, undefined, { signal: this.#closing.signal }),
      onInterrupted: ({ invocation, attempt }, thrown) =>
        log('warn', `publishing goes on at the next start: ${String(thrown)}`, { invocation, attempt }),
    })
    const grants = new InputGrants(relay)
    this.handOut = new HandOut({
      database,
      claims,
      book: this.#book,
      changes: this.changes,
      settle: this.#settle,
      grants,
      release,
      leaseMs,
      now,
      isDraining: () => this.#draining,
      meet: (claims) => this.#meet(claims),
    })
    this.attempts = new Attempts({ database, settle: this.#settle, outputs, logs: this.logs, release, leaseMs, now })
    this.relayed = new RelayedFiles({ ...relay, outputs, held: (id, claims) => this.attempts.held(id, claims) })
    this.starts = new StartWorker({
      ...relay,
      book: this.#book,
      database,
      backends: backends.workers,
      release,
      packageOf: packages(database),
      onStarted: ({ backend, worker }) => this.changes.notify(upTopic(backend, worker)),
      now,
    })
    this.#calls = new Calls({
      database,
      claims,
      settle: this.#settle,
      outputs,
      logs: this.logs,
      backends: backends.called,
      store: (name) => stores.get(name),
      release,
      awsStorage: (name) => (isAwsS3(config.storage[name]) ? config.storage[name] : undefined),
      priceOf,
      leaseMs,
      now,
      log,
      onRoom: () => this.#dispatch.wake(),
    })
    this.#dispatch = new Dispatch({
      database,
      backends: backends.workers,
      calls: this.#calls,
      routing: this.#routing,
      redecide: new Redecide({
        database,
        routing: this.#routing,
        release,
        now,
        onDecided: () => this.#dispatch.wake(),
        log,
      }),
      book: this.#book,
      replicas: this.#replicas,
      changes: this.changes,
      settle: this.#settle,
      release,
      current: () => registry.all(),
      leaseMs,
      now,
      log,
    })
    this.functions = new Functions({
      registry,
      database,
      stores,
      backends,
      now,
      onChanged: () => {
        this.changes.notify(FUNCTIONS_TOPIC)
        this.#changed()
      },
      warn: (message) => log('warn', message),
    })
    this.decisions = new Decisions({ database, registry, routing: this.#routing })
    this.interventions = new Interventions({
      database,
      changes: this.changes,
      mustExist: (name) => void registry.current(name),
      now,
      onCancelled: (id) => {
        this.#routing.cancelled(id)
        this.#calls.cancelled(id)
      },
      onQueued: (name, count) => this.#accepted(name, count),
    })
    this.intake = new Intake({
      database,
      current: (name) => registry.current(name),
      takers: (event) => registry.takers(event),
      asListed: async (event) => (await stores.get(event.storage).asListed?.(event)) ?? event,
      routing: this.#routing,
      now,
      onAccepted: (name, count) => this.#accepted(name, count),
    })
    const inputs = (name: string) => registry.current(name).spec.input
    this.prefixes = new Prefixes({
      store: (name) => stores.get(name),
      storages: () => stores.names(),
      inputs,
      accept: (name, objects) => this.intake.objects(name, objects),
    })
    this.uploads = new Uploads({
      store: (name) => stores.get(name),
      inputs,
      accept: (name, event) => this.intake.object(name, event),
      secret: config.workerSecret,
      now,
    })
    this.#observer = new Observer({
      store: (name) => stores.get(name),
      reconcileMs: (storage) => (config.storage[storage]?.reconcile ?? RECONCILE_MS / 1000) * 1000,
      settleMs: (storage) => (config.storage[storage]?.settle ?? SETTLE_SECONDS) * 1000,
      offer: (events) => this.intake.offer(events),
      offerListed: (events) => this.intake.offerListed(events),
      now,
      log,
    })
  }

  /** Call it once the HTTP server listens at `origin`: from here workers run and files are seen. */
  async start(origin: string): Promise<void> {
    this.#origin = origin
    this.#backends.workers.push(...this.#parts.openBackends((name) => this.#hostOf(name)))
    this.#backends.called.push(...this.#parts.openCalled(this.#calls.host()))
    await this.#routing.open()
    await this.#settle.tidy()
    await this.#replicas.start()
    if (!this.database.shared) await this.#takeUp(await this.database.runningAttempts())
    await this.#dispatch.start()
    this.#changed()
  }

  get origin(): string {
    return this.#origin
  }

  get draining(): boolean {
    return this.#draining
  }

  async backends(): Promise<BackendStatus[]> {
    const running = await this.database.runningAttempts()
    return this.#backends.all().map((backend) => {
      const status = backend.status()
      return {
        ...status,
        running: running.filter((attempt) => attempt.backend === status.name).length,
        breaker: this.#routing.breakerStatus(status.name),
      }
    })
  }

  /** What was accepted at or after that time and has ended. */
  history(since: number): AsyncIterable<HistoryRow> {
    const release = (name: string, number: number) => this.#registry.release(name, number)
    return history({ database: this.database, release }, since)
  }

  /** For metrics. */
  async figures() {
    const month = new Date(this.now())
    return {
      totals: await this.database.totals(),
      backends: await this.backends(),
      tallies: this.#routing.tallies,
      spending: await this.database.spending(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 1)),
    }
  }

  /** A worker that could not start says why; it ends by itself. */
  noteInitError({ worker, function: name }: WorkerClaims, message: string): void {
    this.#parts.log('error', `worker of ${name} could not start: ${message}`, { worker })
  }

  /** The content of a result, as it lies in its storage now. */
  readResult({ storage, ...object }: PublishedOutput): Promise<Readable> {
    return this.#parts.stores.get(storage).read(object)
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
    while (this.now() < until && (await this.database.runningAttempts()).some((one) => this.#waitsFor(one)))
      await delay(50)
  }

  /** Gives back what runs and stops everything but answering. */
  async stopWork(): Promise<void> {
    this.#draining = true
    this.#replicas.stop()
    await this.#observer.close()
    await Promise.all(this.#backends.all().map((backend) => backend.close()))
    this.#closing.abort()
    await this.#settle.idle()
    await this.#dispatch.stop()
  }

  async close(): Promise<void> {
    await this.#parts.stores.close()
    await this.database.close()
  }

  /** Workers of public back-ends are paid for by their time; what is called says itself what it has used. */
  #costOfWorker({ backend, startedAt }: RunningAttempt, spec: FunctionSpec): number | undefined {
    const isPaid = this.#backends.worker(backend)?.limits.public ?? false
    return isPaid ? listCost(spec, backend, (this.now() - startedAt) / 1000) : undefined
  }

  #hostOf(backend: BackendName): BackendHost {
    const { config, log } = this.#parts
    return backendHost({
      backend,
      database: this.database,
      book: this.#book,
      handOut: this.handOut,
      dispatch: this.#dispatch,
      changes: this.changes,
      workerSecret: config.workerSecret,
      now: this.now,
      log,
    })
  }

  /** Of what this dispatcher is told to do, what one does at a time. */
  #duties(): string[] {
    const scaled = this.#backends.workers.filter(({ follow }) => follow).map(({ limits }) => scaleDuty(limits.name))
    return [TEND, CALL, ...scaled, ...this.#parts.stores.names().map(listDuty)]
  }

  #changed(): void {
    const rules = this.#registry.all().flatMap(({ spec }) => spec.input)
    this.#observer.follow(rules.filter(({ storage }) => this.#replicas.holds(listDuty(storage))))
    this.#dispatch.wake()
  }

  async #functionsChanged(): Promise<void> {
    await this.#registry.refresh()
    this.#changed()
  }

  #heard(topic: string, count: number): void {
    hear(topic, count, {
      changes: this.changes,
      book: this.#book,
      calls: this.#calls,
      dispatch: this.#dispatch,
      worker: (backend) => this.#backends.workers.find(({ limits }) => limits.name === backend),
      onFunctions: () => this.#inBackground(this.#functionsChanged()),
    })
  }

  /** Nobody told of what happened meanwhile. */
  #lookAgain(): void {
    this.changes.wakeAll()
    this.#inBackground(this.#functionsChanged())
  }

  /** Of work that another dispatcher accepted and could not tell of any more. */
  async #wakeForQueued(): Promise<void> {
    for (const { function: name, queued } of await this.database.backlogs(1))
      if (queued > 0) this.changes.wake(workTopic(name))
  }

  async #adopt(attempts: AttemptRef[]): Promise<void> {
    const running = await Promise.all(attempts.map((attempt) => this.database.runningAttempt(attempt)))
    await this.#takeUp(running.filter((attempt) => attempt !== undefined))
  }

  async #takeUp(attempts: readonly RunningAttempt[]): Promise<void> {
    this.#settle.takeUp(attempts)
    await this.#calls.takeUp(attempts)
  }

  async #tidy(): Promise<void> {
    await this.#settle.tidy()
    await this.database.shared?.tidy(this.now() - WORKER_TOKEN_MS)
  }

  async #meet(claims: WorkerClaims): Promise<void> {
    const { shared } = this.database
    if (!shared || !this.#backends.worker(claims.backend)?.follow) return
    if (!(await shared.isDismissed(claims.worker))) this.#book.admit(claims)
  }

  /** Before it stops: another dispatcher goes on with what is not of this machine. */
  #waitsFor({ backend, worker }: RunningAttempt): boolean {
    if (this.#replicas.isAlone) return true
    return this.#book.has(worker) && !this.#backends.worker(backend)?.follow
  }

  #inBackground(work: Promise<void>): void {
    work.catch((thrown: unknown) => this.#parts.log('warn', String(thrown)))
  }

  #accepted(name: string, count: number): void {
    this.changes.notify(workTopic(name), count)
    this.#dispatch.wake()
  }

  #settled(
    attempt: RunningAttempt,
    { outcome, cost, ended }: { outcome: Outcome; cost?: number | undefined; ended: boolean },
  ): void {
    this.#routing.ended(attempt, outcome, cost)
    // The answer to the worker, with its next attempt, leaves before others hear of this one.
    setImmediate(() => {
      this.changes.notify(workTopic(attempt.function), 1)
      if (ended) this.changes.notify(endTopic(attempt.invocation))
      if (ended) this.changes.notify(logTopic(attempt.invocation))
      this.#dispatch.wake()
    })
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
