/** Attempts on back-ends that are called: what is due spills over to them, and what comes of it is brought home. */
import { asError, isGone, SpillwayError } from '../../runtime/contract/errors.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { baseName } from '../../runtime/contract/object-event.js'
import { failed, type Failed, type Outcome } from '../../runtime/contract/outcome.js'
import type { Release } from '../../runtime/contract/release.js'
import type { LogLine } from '../../runtime/contract/runtime-api.js'
import { Readable } from 'node:stream'
import type { AttemptCall, CallBackend, CallHost, CallInput, Usage } from '../backends/call-backend.js'
import type { Bills } from './bills.js'
import { CallBook, idOf, refOf, type Called } from './call-book.js'
import type { Backlog, Claim, Database, Held, OwedAttempt, RunningAttempt } from '../database/database.js'
import type { Outages, StoredObject } from '../outages.js'
import type { Claims } from '../routing/claims.js'
import type { BringHome } from './bring-home.js'
import type { EndExtras, Settle } from '../outcomes/settle.js'
import type { ObjectStore } from '../storage/object-store.js'
import { GROWING, untilStored } from '../until-done.js'
import { attemptDocument } from '../workers/attempt-document.js'
import type { Logs } from '../workers/log-book.js'

/** Stands for the worker of an attempt on a back-end that has none. */
const worker = (backend: string) => `${backend}-call`

export interface CallsContext {
  /** Filled once the dispatcher starts. */
  backends: readonly CallBackend[]
  database: Database
  claims: Pick<Claims, 'claim' | 'setAside'>
  bills: Pick<Bills, 'pay'>
  outages: Pick<Outages, 'holds' | 'of' | 'noteInput' | 'answered'>
  settle: Settle
  home: BringHome
  logs: Logs
  store(name: string): ObjectStore
  /** A storage that functions on AWS can read themselves; undefined for any other. */
  awsStorage(name: string): { region?: string } | undefined
  release(name: string, number: number): Promise<Release>
  /** USD */
  priceOf(backend: BackendName, usage: Usage): number
  leaseMs: number
  now(): number
  /** Waits; rejects when the dispatcher closes. */
  pause(milliseconds: number): Promise<void>
  log: CallHost['log']
  /** Called when a back-end takes more than it said before. */
  onRoom(): void
}

interface CallEnd {
  outcome: Outcome
  /** USD; undefined while nobody knows. */
  cost: number | undefined
}

export class Calls {
  readonly #context: CallsContext
  /** Until they are settled and paid for. */
  readonly #book = new CallBook()
  readonly #underWay = new Set<Promise<void>>()
  /** Attempts whose input could not be had from a storage that does not say that it is gone. */
  readonly #unread = new Map<string, SpillwayError>()

  constructor(context: CallsContext) {
    this.#context = context
  }

  host(): CallHost {
    return {
      onOutcome: (id, outcome, usage) => this.#inBackground(id, this.#end(id, outcome, usage)),
      onAlive: (id) => this.#inBackground(id, this.#renew(id)),
      onLog: (id, lines) => this.#inBackground(id, this.#keepLog(id, lines)),
      onRoom: () => this.#context.onRoom(),
      log: this.#context.log,
    }
  }

  /** Takes up attempts that another dispatcher, or an earlier life of this one, had started. */
  async takeUp(attempts: readonly RunningAttempt[]): Promise<void> {
    for (const attempt of attempts) {
      const backend = this.#backend(attempt)
      if (backend && !attempt.publishing && !this.#book.has(attempt))
        backend.resume(await this.#callFor(attempt, backend))
    }
  }

  /** Finds out what an attempt has used that has ended on record, unless it is waited for anyway. */
  async windUp(attempt: OwedAttempt): Promise<void> {
    const backend = this.#backend(attempt)
    if (!backend || this.#book.has(attempt)) return
    const release = await this.#context.release(attempt.function, attempt.release)
    this.#book.add({ ...attempt, backend })
    backend.windUp({ id: idOf(attempt), release })
  }

  /** Calls for all that may spill over now, as far as the back-ends take it. */
  async spill(backlogs: readonly Backlog[]): Promise<void> {
    for (const backend of this.#context.backends)
      for (const backlog of backlogs) if (backlog.queuedFor[backend.limits.name]) await this.#spillTo(backend, backlog)
  }

  /** The invocation was cancelled, or its attempt is lost: what still runs of it is not wanted any more. */
  cancelled(invocation: string): void {
    for (const id of this.#book.of(invocation)) this.#cancel(id)
  }

  /** Resolves when nothing that was told is being dealt with any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** It stays in the book until it has ended, and is paid for then. */
  #cancel(id: string): void {
    this.#book.get(id)?.backend.cancel(id)
  }

  #backend(attempt: { backend: BackendName }): CallBackend | undefined {
    return this.#context.backends.find(({ limits }) => limits.name === attempt.backend)
  }

  async #spillTo(backend: CallBackend, backlog: Backlog): Promise<void> {
    const { outages, claims } = this.#context
    const release = await this.#context.release(backlog.function, backlog.release)
    while ((backend.room(release) ?? 0) > 0 && !outages.holds(release.spec)) {
      const claim = await this.#claim(backend, release)
      if (!claim) return
      const away = claim.input.kind === 'object' ? outages.of(claim.input.event) : undefined
      if (away) await claims.setAside({ ...claim, function: release.function, release: release.number }, away)
      else await this.#start(backend, release, claim)
    }
  }

  #claim({ limits: { name } }: CallBackend, release: Release): Promise<Claim | undefined> {
    const now = this.#context.now()
    const request = {
      function: release.function,
      release: release.number,
      backend: name,
      worker: worker(name),
      concurrency: release.spec.concurrency,
      now,
      leaseUntil: now + this.#context.leaseMs,
    }
    return this.#context.claims.claim(request, release)
  }

  async #start(backend: CallBackend, release: Release, claim: Claim): Promise<void> {
    try {
      backend.start(await this.#callFor({ ...claim, release: release.number, function: release.function }, backend))
    } catch (thrown) {
      const cause = isGone(thrown) ? 'input-missing' : 'backend-unavailable'
      await this.#context.settle.fail(claim, failed({ cause, message: asError(thrown).message }), { cost: 0 })
    }
  }

  /** An attempt whose input is away comes again when that is there. */
  #fail(attempt: RunningAttempt, outcome: Failed, extras: EndExtras): Promise<Held> {
    const { claims, outages, settle } = this.#context
    const unread = this.#unread.get(idOf(attempt))
    if (unread && attempt.input.kind === 'object')
      return claims.setAside(attempt, outages.noteInput(attempt.input.event, unread))
    return settle.fail(attempt, outcome, extras)
  }

  async #callFor(
    attempt: Claim & Pick<RunningAttempt, 'function' | 'release'>,
    backend: CallBackend,
  ): Promise<AttemptCall> {
    const { database, now, store } = this.#context
    const release = await this.#context.release(attempt.function, attempt.release)
    const body = attempt.input.kind === 'request' ? await database.getBody(attempt.invocation) : undefined
    const storageType = (name: string) => store(name).type
    const call = {
      id: idOf(attempt),
      release,
      document: attemptDocument({
        backend: backend.limits.name,
        claim: attempt,
        release,
        body,
        storageType,
        now: now(),
      }),
      input: this.#inputOf(attempt, body),
    }
    this.#book.add({ ...attempt, backend })
    return call
  }

  #inputOf(attempt: Claim, body: Buffer = Buffer.alloc(0)): CallInput {
    const { input } = attempt
    if (input.kind === 'request')
      return { kind: 'content', size: body.length, name: 'body', open: async () => Readable.from([body]) }
    const { storage, bucket, key, size } = input.event
    const name = baseName(key)
    const aws = this.#context.awsStorage(storage)
    if (aws) return { kind: 's3', bucket, key, size, name, ...(aws.region ? { region: aws.region } : {}) }
    return { kind: 'content', size, name, open: () => this.#read(idOf(attempt), { storage, bucket, key }) }
  }

  async #read(id: string, { storage, ...object }: StoredObject): Promise<Readable> {
    const { outages, store } = this.#context
    this.#unread.delete(id)
    try {
      const content = await store(storage).read(object)
      outages.answered({ storage, ...object })
      return content
    } catch (thrown) {
      if (!(thrown instanceof SpillwayError) || isGone(thrown)) throw thrown
      this.#unread.set(id, thrown)
      outages.noteInput({ storage, ...object }, thrown)
      throw thrown
    }
  }

  async #end(id: string, outcome: Outcome, usage?: Usage | 'none'): Promise<void> {
    const called = this.#book.get(id)
    if (!called) return
    try {
      await this.#conclude(called, outcome, this.#costOf(called, usage))
    } finally {
      this.#book.delete(id)
      this.#unread.delete(id)
    }
  }

  /** What it cost is asked for later where nobody knows now, and what tells that must stay. */
  async #conclude(called: Called, outcome: Outcome, cost: number | undefined): Promise<void> {
    const { bills, database } = this.#context
    const attempt = await this.#untilStored(() => database.runningAttempt(called))
    const held = attempt ? await this.#settle(attempt, called.backend, { outcome, cost }) : 'fenced'
    if (cost === undefined) return
    if (held === 'fenced') await this.#untilStored(() => bills.pay(called, cost))
    await called.backend.forget(idOf(called))
  }

  #settle(attempt: RunningAttempt, backend: CallBackend, { outcome, cost }: CallEnd): Promise<Held> {
    const { home } = this.#context
    if (outcome.outcome === 'failed') return this.#untilStored(() => this.#fail(attempt, outcome, { cost }))
    return home.bring(attempt, { outcome, cost, results: () => backend.results(idOf(attempt)) })
  }

  #costOf({ backend }: Called, usage: Usage | 'none' | undefined): number | undefined {
    return usage === 'none' ? 0 : usage && this.#context.priceOf(backend.limits.name, usage)
  }

  /** The back-end says it once, however long the database refuses. */
  #untilStored<T>(store: () => Promise<T>): Promise<T> {
    return untilStored(store, { pauses: GROWING, pause: this.#context.pause })
  }

  async #renew(id: string): Promise<void> {
    const { database, now, leaseMs } = this.#context
    if (!this.#book.get(id)) return
    if ((await database.renewLease(refOf(id), now() + leaseMs)) === 'fenced') this.#cancel(id)
  }

  async #keepLog(id: string, lines: readonly LogLine[]): Promise<void> {
    const { invocation, attempt } = refOf(id)
    await this.#context.logs.append(invocation, attempt, lines)
  }

  #inBackground(id: string, work: Promise<void>): void {
    const settled = work
      .catch((thrown: unknown) => this.#context.log('warn', `attempt ${id}: ${wordsOf(thrown)}`))
      .finally(() => this.#underWay.delete(settled))
    this.#underWay.add(settled)
  }
}

/** A dispatcher that closes leaves it to the next. */
const wordsOf = (thrown: unknown) =>
  asError(thrown).name === 'AbortError' ? 'its results are brought home at the next start' : asError(thrown).message
