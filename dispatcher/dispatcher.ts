/** The dispatcher as a value: every part made and tied to the others; started, drained, and closed in reverse order. */
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { BackendStatus, StorageStatus } from '../runtime/contract/dispatcher-api.js'
import type { HistoryRow } from '../runtime/contract/history-row.js'
import type { BackendName, FunctionSpec } from '../runtime/contract/function-spec.js'
import type { PublishedOutput } from '../runtime/contract/outcome.js'
import { configuredBackends } from '../runtime/contract/service-config.js'
import type { WorkerClaims } from '../runtime/contract/runtime-api.js'
import type { BackendHost, WorkerBackend } from './backends/backend.js'
import type { CallBackend, CallHost } from './backends/call-backend.js'
import { BackendsAtHand } from './wiring/backends-at-hand.js'
import { backendHost } from './wiring/backend-host.js'
import { Calls } from './calls/calls.js'
import { Changes } from './changes.js'
import type { DispatcherConfig } from './config.js'
import type { Database, RunningAttempt } from './database/database.js'
import { Decisions } from './decisions.js'
import { Dispatch } from './dispatch.js'
import { Functions, refusals } from './releases/functions.js'
import type { Ground } from './wiring/ground.js'
import { history } from './history.js'
import { Intake } from './intake/intake.js'
import { Observer } from './intake/observer.js'
import { Prefixes } from './intake/prefixes.js'
import { Uploads } from './intake/uploads.js'
import { Interventions } from './outcomes/interventions.js'
import { Outages } from './outages.js'
import { Registry } from './releases/registry.js'
import { listCost } from './router/price.js'
import { Claims } from './routing/claims.js'
import { Routing } from './routing/routing.js'
import { Settle } from './outcomes/settle.js'
import type { Stores } from './storage/stores.js'
import { Attempts } from './workers/attempts.js'
import { Company } from './replicas/company.js'
import { listDuty } from './replicas/replicas.js'
import { tellEnd } from './outcomes/tell-end.js'
import { FUNCTIONS_TOPIC, logTopic, workTopic } from './topics.js'
import { HandOut } from './workers/hand-out.js'
import type { InputGrantsContext } from './workers/input-grants.js'
import { GrantsInMemory, SharedGrants } from './workers/grant-book.js'
import { LogBook, type Logs } from './workers/log-book.js'
import { OutputGrants } from './workers/output-grants.js'
import { RelayedFiles } from './workers/relayed-files.js'
import { SharedLogBook } from './workers/shared-log-book.js'
import { StartWorker } from './workers/start-worker.js'
import { WorkerBook } from './workers/worker-book.js'
import { signWorkerToken } from './workers/worker-token.js'
import { wireDispatch } from './wiring/wire-dispatch.js'
import { wireIntake } from './wiring/wire-intake.js'
import { wireWorkers } from './wiring/wire-workers.js'

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
  readonly changes = new Changes((topic, count) => this.#company.replicas.tell(topic, count))
  readonly now: () => number
  readonly #parts: DispatcherParts
  readonly #ground: Ground
  readonly #company: Company
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
    const { config, database, stores, now, log } = parts
    const release = (name: string, number: number) => registry.release(name, number)
    const ground: Ground = {
      config,
      database,
      stores,
      registry,
      backends,
      release,
      log,
      now,
      changes: this.changes,
      book: new WorkerBook(),
      leaseMs: config.lease * 1000,
      outages: new Outages({ store: (name) => stores.get(name), now, log, onOver: () => this.#lookAgain() }),
    }
    this.#parts = parts
    this.#ground = ground
    this.config = config
    this.database = database
    this.now = now
    this.logs = this.#openLogs()
    this.#company = new Company({
      ...ground,
      work: () => ({ calls: this.#calls, dispatch: this.#dispatch, settle: this.#settle }),
      onChanged: () => this.#changed(),
    })
    const { replicas } = this.#company
    this.#routing = new Routing({
      database,
      backends,
      release,
      idle: ({ function: name, number }) => replicas.idleOf(name, number).length,
      dispatchers: () => replicas.count,
      now,
    })
    const relay = this.#relay()
    const { shared } = database
    const outputs = new OutputGrants({
      ...relay,
      book: shared ? new SharedGrants(shared) : new GrantsInMemory(),
      outages: ground.outages,
    })
    this.#settle = this.#makeSettle(outputs)
    const common = {
      claims: new Claims({ database, routing: this.#routing, now }),
      settle: this.#settle,
      outputs,
      logs: this.logs,
    }
    const workers = wireWorkers(ground, {
      ...common,
      relay,
      isDraining: () => this.#draining,
      meet: (claims) => this.#company.meet(claims),
    })
    this.handOut = workers.handOut
    this.attempts = workers.attempts
    this.relayed = workers.relayed
    this.starts = workers.starts
    const { calls, dispatch } = wireDispatch(ground, {
      ...common,
      replicas,
      routing: this.#routing,
      signal: this.#closing.signal,
      pause: (milliseconds) => this.#pause(milliseconds),
    })
    this.#calls = calls
    this.#dispatch = dispatch
    const onAccepted = (name: string, count: number) => this.#accepted(name, count)
    const { intake, prefixes, uploads, observer } = wireIntake(ground, { routing: this.#routing, onAccepted })
    this.intake = intake
    this.prefixes = prefixes
    this.uploads = uploads
    this.#observer = observer
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
      onQueued: onAccepted,
    })
  }

  /** Call it once the HTTP server listens at `origin`: from here workers run and files are seen. */
  async start(origin: string): Promise<void> {
    this.#origin = origin
    this.#ground.backends.workers.push(...this.#parts.openBackends((name) => this.#hostOf(name)))
    this.#ground.backends.called.push(...this.#parts.openCalled(this.#calls.host()))
    await this.#routing.open()
    await this.#settle.tidy()
    await this.#company.replicas.start()
    if (!this.database.shared) await this.#company.takeUp(await this.database.runningAttempts())
    await this.#dispatch.start()
    this.#changed()
  }

  get origin(): string {
    return this.#origin
  }

  get draining(): boolean {
    return this.#draining
  }

  /** No other one is on its database now. */
  get isAlone(): boolean {
    return this.#company.replicas.isAlone
  }

  async backends(): Promise<BackendStatus[]> {
    const running = await this.database.runningAttempts()
    return this.#ground.backends.all().map((backend) => {
      const status = backend.status()
      return {
        ...status,
        running: running.filter((attempt) => attempt.backend === status.name).length,
        breaker: this.#routing.breakerStatus(status.name),
      }
    })
  }

  storages(): StorageStatus[] {
    return this.#parts.stores.all().map(({ name, type }) => {
      const messages = this.#ground.outages.messages(name)
      return { name, type, healthy: messages.length === 0, ...(messages.length === 0 ? {} : { messages }) }
    })
  }

  /** What was accepted at or after that time and has ended. */
  history(since: number): AsyncIterable<HistoryRow> {
    const release = (name: string, number: number) => this.#ground.registry.release(name, number)
    return history({ database: this.database, release }, since)
  }

  /** For metrics. */
  async figures() {
    const month = new Date(this.now())
    return {
      totals: await this.database.totals(),
      backends: await this.backends(),
      storages: this.storages(),
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
    while (this.now() < until && (await this.database.runningAttempts()).some((one) => this.#company.waitsFor(one)))
      await delay(50)
  }

  /** Gives back what runs and stops everything but answering. */
  async stopWork(): Promise<void> {
    this.#draining = true
    this.#company.replicas.stop()
    await this.#observer.close()
    await Promise.all(this.#ground.backends.all().map((backend) => backend.close()))
    this.#closing.abort()
    await Promise.all([this.#settle.idle(), this.#calls.idle()])
    await this.#dispatch.stop()
  }

  async close(): Promise<void> {
    await this.#parts.stores.close()
    await this.database.close()
  }

  #pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#closing.signal })
  }

  /** Workers of public back-ends are paid for by their time; what is called says itself what it has used. */
  #costOfWorker({ backend, startedAt }: RunningAttempt, spec: FunctionSpec): number | undefined {
    const isPaid = this.#ground.backends.worker(backend)?.limits.public ?? false
    return isPaid ? listCost(spec, backend, (this.now() - startedAt) / 1000) : undefined
  }

  #hostOf(backend: BackendName): BackendHost {
    const { config, log } = this.#parts
    return backendHost({
      backend,
      database: this.database,
      book: this.#ground.book,
      handOut: this.handOut,
      dispatch: this.#dispatch,
      changes: this.changes,
      workerSecret: config.workerSecret,
      now: this.now,
      log,
    })
  }

  #changed(): void {
    const rules = this.#ground.registry.all().flatMap(({ spec }) => spec.input)
    this.#observer.follow(rules.filter(({ storage }) => this.#company.replicas.holds(listDuty(storage))))
    this.#dispatch.wake()
  }

  #lookAgain(): void {
    this.changes.wakeAll()
    this.#dispatch.wake()
  }

  #accepted(name: string, count: number): void {
    this.changes.notify(workTopic(name), count)
    this.#dispatch.wake()
  }

  #openLogs(): Logs {
    const { shared } = this.database
    const onLines = (invocation: string) => this.changes.notify(logTopic(invocation))
    return shared ? new SharedLogBook(shared, onLines) : new LogBook(join(this.config.stateDirectory, 'logs'), onLines)
  }

  /** How files reach workers that do not see this machine's. */
  #relay(): InputGrantsContext {
    const { backends, stores } = this.#ground
    return {
      store: (name) => stores.get(name),
      origin: ({ backend }) => backends.worker(backend)?.origin ?? this.#origin,
      token: (claims) => signWorkerToken(claims, this.config.workerSecret),
    }
  }

  #makeSettle(outputs: OutputGrants): Settle {
    const { database, log, now, outages, release, stores } = this.#ground
    return new Settle({
      database,
      outputs,
      store: (name) => stores.get(name),
      storages: () => stores.all(),
      release,
      costOf: (attempt, { spec }) => this.#costOfWorker(attempt, spec),
      now,
      random: () => this.#parts.random(),
      afterFailure: (attempt, cause) => this.#routing.afterFailure(attempt, cause),
      onSettled: (attempt, end) => {
        this.#routing.ended(attempt, end.outcome, end.cost)
        tellEnd({ ...this.#ground, dispatch: this.#dispatch }, attempt, end)
      },
      onAway: (place, fault) => void outages.noteOutput(place, fault),
      pause: (milliseconds) => this.#pause(milliseconds),
      onInterrupted: ({ invocation, attempt }, thrown) =>
        log('warn', `publishing goes on at the next start: ${String(thrown)}`, { invocation, attempt }),
    })
  }
}
