/**
 * What the dispatcher knows and decides from: how long work takes, what waits and runs at home, which back-ends are well,
 * what has been spent. The router is pure; here is its situation.
 */
import type { BreakerStatus, InvocationInput, InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { BriefDecision, Decision } from '../../runtime/contract/decision.js'
import { inWords } from '../../runtime/contract/decision-words.js'
import { isPublic, specFor, type BackendName } from '../../runtime/contract/function-spec.js'
import { CAUSES, type Cause, type Outcome } from '../../runtime/contract/outcome.js'
import type { Release } from '../../runtime/contract/release.js'
import type { BackendLimits, Capacity } from '../backends/backend.js'
import type { BackendsAtHand } from '../wiring/backends-at-hand.js'
import type { AttemptRef, Backlog, Database, OwedAttempt, RunningAttempt } from '../database/database.js'
import { decide } from '../router/decide.js'
import { costAt } from '../router/away.js'
import { History } from '../router/history.js'
import { unitsOf } from '../router/load/load.js'
import type { RunTime } from '../router/run-time.js'
import type { BackendState, Situation, Work } from '../router/situation.js'
import { spillNow, type SpillVerdict } from '../router/spill.js'
import { Books } from './books.js'
import { Breakers } from './breakers.js'
import { Budgets, type Unpaid } from './budgets.js'
import { decidedAgain } from './decided-again.js'
import { Homes } from './homes.js'
import { illness } from './illness.js'
import { learn } from './learn.js'
import { pastOf, type Past } from './past.js'
import { Rooms } from './rooms.js'
import { Tallies } from './tallies.js'

/** Ended attempts from which run times are learned at the start. */
const LEARNED_MAX = 20_000

/** Milliseconds between two looks at what others run and spend. */
const LOOK_MS = 1000
const SPENDING_MS = 10_000

/** Milliseconds for which what ended counts with its expected cost while its real one is not known. */
const OWED_MS = 3_600_000

export interface RoutingContext {
  database: Database
  backends: BackendsAtHand
  release(name: string, number: number): Promise<Release>
  /** Workers of a release that wait for work. */
  idle(release: Release): number
  /** How many dispatchers there are, each with workers of its own on its machine. */
  dispatchers(): number
  now(): number
}

export interface Offered {
  release: Release
  input: InvocationInput
}

/** Work with the decision about it. */
export interface Arrived {
  /** Of the invocation. */
  id: string
  function: string
  decision: BriefDecision
}

/** An attempt that a worker or a back-end has taken. */
export interface Taken extends AttemptRef {
  release: Release
  backend: BackendName
  input: InvocationInput
  /** USD that it is expected to cost. */
  cost?: number
}

export class Routing {
  readonly books: Books
  readonly history = new History()
  readonly breakers = new Breakers()
  readonly budgets = new Budgets()
  readonly tallies = new Tallies()
  readonly #context: RoutingContext
  readonly #usable = new Homes()
  readonly #rooms: Rooms
  readonly #capacities = new Map<BackendName, Capacity>()
  #lookedAt = -Infinity
  #spendingAt = -Infinity

  constructor(context: RoutingContext) {
    this.#context = context
    this.books = new Books(() => this.#homes())
    const { called } = context.backends
    this.#rooms = new Rooms({ called, slots: (backend) => this.#capacities.get(backend)?.slots })
  }

  /** Takes up what the record knows. */
  async open(): Promise<void> {
    const { database, now } = this.#context
    learn(this.history, (await database.endedAttempts(LEARNED_MAX)).toReversed())
    await this.#lookAtSpending(startOfMonth(now()))
    this.look()
    await this.#takeUpRunning()
  }

  /** Looks at what the back-ends can hold now. Says what has changed with the private ones, for people, if anything. */
  look(): string | undefined {
    const now = this.#context.now()
    for (const backend of this.#context.backends.workers) {
      const { name } = backend.limits
      const own = backend.capacity()
      const capacity = backend.follow ? own : { ...own, slots: own.slots * this.#context.dispatchers() }
      this.#capacities.set(name, capacity)
      if (!isPublic(name)) this.books.look(name, capacity, now)
    }
    return this.#usable.look(this.#capacities, now)
  }

  /** How things stand for work of a release. */
  situation(release: Pick<Release, 'function' | 'spec'> & Partial<Release>): Situation {
    const now = this.#context.now()
    const situation: Situation = {
      now,
      backends: this.#context.backends.limits().map((limits) => this.#stateOf(limits, release, now)),
      runTimes: this.history,
      corrections: this.books.ledger.corrections,
    }
    if (release.spec.routing.budget) situation.spending = this.budgets.of(release.function)
    return situation
  }

  decide(work: Work): Decision {
    return inWords(decide(work, this.situation(work)))
  }

  /** Decides about new work and enters it into the books, so that the next is decided about in view of it. */
  arrive(id: string, { release, input }: Offered): BriefDecision {
    const decision = decide(workOf({ release, input }), this.situation(release))
    this.books.arrived({ id, release, decision, now: this.#context.now() })
    return decision
  }

  /** Whether a public back-end may be given work of that release now, as far as can be told without looking at it. */
  mayTake(backend: BackendName, release: Release): boolean {
    if (!isPublic(backend)) return true
    const now = this.#context.now()
    const { budget } = release.spec.routing
    if (!this.breakers.isUsable({ backend, function: release.function }, now)) return false
    return !budget || this.budgets.of(release.function).roomAt(this.books.kind(release).cost, budget, now) <= now
  }

  /** The last question before that piece of work goes to that public back-end. */
  spill(backend: BackendName, work: Work): SpillVerdict {
    const situation = this.situation(work)
    const backends = situation.backends.filter(({ limits }) => !limits.public || limits.name === backend)
    return spillNow(work, { ...situation, backends })
  }

  started(taken: Taken): void {
    const { invocation, release, backend, input, cost } = taken
    const now = this.#context.now()
    this.tallies.started(release.function, backend)
    this.books.started({ id: invocation, release, backend, run: this.#expected(release, backend, input), now })
    if (!isPublic(backend)) return
    this.#rooms.started(backend)
    this.breakers.started({ backend, function: release.function }, invocation, now)
    this.budgets.started({ ...taken, function: release.function }, cost ?? 0, now)
  }

  /** `cost`: USD, as far as it is known. */
  ended(attempt: RunningAttempt, outcome: Outcome, cost: number | undefined): void {
    const { invocation, backend } = attempt
    const now = this.#context.now()
    const cause = outcome.outcome === 'failed' ? outcome.cause : undefined
    this.books.ended(invocation)
    if (isPublic(backend)) this.#rooms.ended(backend)
    this.breakers.ended(attempt, outcome, now)
    this.budgets.ended(attempt, cost, now)
    learn(this.history, [{ ...attempt, endedAt: now, ...(cause ? { cause } : {}) }])
  }

  /**
   * Where work may run after a failure that another back-end may cure, or that brings it back to the queue of a private
   * one that takes no work now; undefined where nothing changes.
   */
  async afterFailure(attempt: RunningAttempt, cause: Cause): Promise<BriefDecision | undefined> {
    const { backends, database, now: clock } = this.#context
    const { elsewhere, retryable } = CAUSES[cause]
    const { lost } = this.#usable
    if (!(elsewhere || (retryable && lost !== undefined)) || backends.limits().length < 2) return undefined
    const record = await database.getInvocation(attempt.invocation)
    if (!record) return undefined
    const now = clock()
    const { failures, moved } = pastOf(record)
    const failure = { backend: attempt.backend, cause, at: now }
    const decision = await this.#decideAgain(record, { moved, failures: [...failures, failure] })
    return elsewhere || lost === undefined ? decision : decidedAgain(record.decision, decision, { why: lost, now })
  }

  /** As it would be decided if it came up now. */
  async decideAgain(record: InvocationRecord): Promise<Decision> {
    return inWords(await this.#decideAgain(record, pastOf(record)))
  }

  async #decideAgain({ input, acceptedAt, ...record }: InvocationRecord, past: Past): Promise<BriefDecision> {
    const release = await this.#context.release(record.function, record.release)
    const work = { ...workOf({ release, input }), acceptedAt, ...past }
    return decide(work, this.situation(work))
  }

  /** The arrival is on record. */
  committed({ id, function: name, decision }: Arrived): void {
    this.books.committed(id)
    this.tallies.decided(name, decision)
  }

  /** It does not wait or run any more, or never did. */
  cancelled(invocation: string): void {
    const now = this.#context.now()
    this.books.dropped(invocation, now)
    this.breakers.calledOff(invocation, now)
  }

  /** With the next count what is spent and runs on public back-ends is looked up, however long ago that was done. */
  spendingIsOld(): void {
    this.#spendingAt = -Infinity
  }

  /** The record has been counted. */
  async counted(count: number, backlogs: readonly Backlog[]): Promise<void> {
    const { now } = this.#context
    const isRight = this.books.counted(count, backlogs)
    this.#rooms.counted(backlogs)
    if (!isRight && now() - this.#lookedAt >= LOOK_MS) await this.#takeUpRunning()
    if (now() - this.#spendingAt >= SPENDING_MS) await this.#lookAtSpending(now() - 3_600_000)
  }

  breakerStatus(backend: BackendName): BreakerStatus {
    const { state, faults, retryAt, why } = this.breakers.of(backend)
    return { state, faults, ...(state === 'closed' ? {} : { retryAt }), ...(why ? { cause: why } : {}) }
  }

  async #takeUpRunning(): Promise<void> {
    const { database, release, now } = this.#context
    this.#lookedAt = now()
    const attempts = await database.runningAttempts()
    const found = await Promise.all(
      attempts.map(async (attempt) => {
        const of = await release(attempt.function, attempt.release)
        return { attempt, release: of, run: this.#expected(of, attempt.backend, attempt.input) }
      }),
    )
    this.books.setRunning(found)
  }

  /** What is not paid for is looked at first: a cost that is entered meanwhile counts twice until the next look, and not never. */
  async #lookAtSpending(since: number): Promise<void> {
    const { database, now } = this.#context
    this.#spendingAt = now()
    const running = (await database.runningAttempts()).filter(({ backend }) => isPublic(backend))
    const owed = await database.owed(now() - OWED_MS)
    const unpaid = await Promise.all([...running, ...owed].map((attempt) => this.#unpaid(attempt)))
    const spent = await database.spending(since)
    this.budgets.find(unpaid)
    this.budgets.read(spent, now())
  }

  async #unpaid(attempt: RunningAttempt | OwedAttempt): Promise<Unpaid> {
    const { backend, input, startedAt: at } = attempt
    const release = await this.#context.release(attempt.function, attempt.release)
    const limits = this.#context.backends.limits().find(({ name }) => name === backend)
    const run = this.#expected(release, backend, input)
    const cost = limits ? costAt(workOf({ release, input }), { state: { limits }, run }) : 0
    return { ...attempt, cost, at }
  }

  #stateOf(limits: BackendLimits, release: Parameters<Routing['situation']>[0], now: number): BackendState {
    const { name } = limits
    if (isPublic(name)) return this.#publicState(limits, release)
    const { bootSeconds = 0, illSince, slotsFor, vcpu } = this.#capacities.get(name) ?? {}
    const units = unitsOf(vcpu ? 'vcpu' : 'attempt', specFor(release.spec, name).cpu)
    const load = this.books.ledger.load(name, now, slotsFor && units * slotsFor(release.spec))
    const isWarm = bootSeconds === 0 || (isRelease(release) && this.#context.idle(release) > 0)
    const breaker = illSince === undefined ? this.breakers.of(name) : illness(illSince, now)
    const state: BackendState = { limits, breaker }
    if (load) state.load = load
    if (!isWarm) state.bootSeconds = bootSeconds
    return state
  }

  /** What others are about to take of its room is taken. Nobody is asked about work that may not go there. */
  #publicState(limits: BackendLimits, { function: name, spec }: Pick<Release, 'function' | 'spec'>): BackendState {
    const state: BackendState = { limits, breaker: this.breakers.of(limits.name, name) }
    if (!(spec.backends?.includes(limits.name) ?? true)) return state
    const room = this.#rooms.of(limits.name, { function: name })
    if (room !== undefined) state.room = room - this.books.ahead
    return state
  }

  #expected({ function: name, spec }: Release, backend: BackendName, input: InvocationInput): RunTime {
    return this.history.expected({
      function: name,
      backend,
      inputBytes: inputBytes(input),
      timeout: specFor(spec, backend).timeout,
      hint: spec.routing.expectedTime,
    })
  }

  #homes(): BackendName[] {
    return this.#context.backends.limits().flatMap(({ name }) => (isPublic(name) ? [] : [name]))
  }
}

export const inputBytes = (input: InvocationInput): number => (input.kind === 'object' ? input.event.size : input.size)

export const workOf = ({ release: { function: name, spec }, input }: Offered): Work => ({
  function: name,
  spec,
  inputBytes: inputBytes(input),
})

const isRelease = (release: Partial<Release>): release is Release => release.number !== undefined

function startOfMonth(now: number): number {
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}
