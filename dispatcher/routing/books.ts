/**
 * The books of the private side. Arrivals are entered one by one as they are decided about; with each round of the
 * dispatcher they become part of the numbers that stand on record, so that what others accept and claim is in them too,
 * and neither memory nor time grows with the queue.
 */
import type { BriefDecision } from '../../runtime/contract/decision.js'
import { isPublic, specFor, type BackendName } from '../../runtime/contract/function-spec.js'
import type { Release } from '../../runtime/contract/release.js'
import type { Capacity } from '../backends/backend.js'
import type { Backlog, RunningAttempt } from '../database/database.js'
import { Ledger } from '../router/load/ledger.js'
import type { RunTime } from '../router/run-time.js'
import { kindKey, Kinds, type Kind } from './kinds.js'

/** Pieces of waiting work of which is remembered one by one how long they were expected to wait. */
const REMEMBERED_MAX = 10_000

export interface Arrival {
  id: string
  release: Release
  decision: BriefDecision
  now: number
}

export interface Start {
  id: string
  release: Release
  backend: BackendName
  run: RunTime
  now: number
}

interface Entered {
  kind: Kind
  /** Number of the count before which it was committed; absent: it is not yet. */
  committed?: number
}

export class Books {
  readonly ledger = new Ledger([])
  readonly #homes: () => readonly BackendName[]
  readonly #kinds = new Kinds()
  /** What is counted on its own. */
  readonly #arrivals = new Map<string, Entered>()
  readonly #running = new Map<string, { key: string; backend: BackendName }>()
  readonly #starting = new Map<string, BackendName>()
  #counts = 0

  /** `homes`: names of the private back-ends. */
  constructor(homes: () => readonly BackendName[]) {
    this.#homes = homes
  }

  kind(release: Release): Kind {
    return this.#kinds.of(release)
  }

  /** Pieces that are going to take room on public back-ends before what comes now. */
  get ahead(): number {
    let count = 0
    for (const kind of this.#kinds.all()) count += kind.ahead
    return count
  }

  /** What goes over at once does not wait; all else does, until it starts. */
  arrived({ id, release, decision, now }: Arrival): void {
    const { eligible, spillAt, terms } = decision
    if (eligible.every(isPublic)) return
    const kind = this.#kinds.of(release)
    kind.learn(decision)
    const { cpu } = kind
    const isHeld = terms?.rule === 'no-room'
    if (spillAt !== null && spillAt <= now && !isHeld) {
      if (terms?.rule === 'expected-wait') this.ledger.refused(cpu)
      return kind.goes(id)
    }
    if (isHeld) kind.holds(id)
    // How long it waits says nothing of home: it may go over any moment.
    const raw = isHeld ? null : (terms?.expectedWait?.raw ?? null)
    this.ledger.queued(id, { cpu, seconds: kind.seconds, at: now, raw })
    this.#arrivals.set(id, { kind })
  }

  committed(id: string): void {
    const entered = this.#arrivals.get(id)
    if (entered) entered.committed = this.#counts
  }

  /** It was not accepted, or does not wait any more. */
  dropped(id: string, now: number): void {
    this.ledger.left(id, 'cancelled', now)
    this.ledger.ended(id)
    this.#running.delete(id)
    this.#arrivals.delete(id)
    for (const kind of this.#kinds.all()) kind.gone(id)
  }

  started({ id, release, backend, run, now }: Start): void {
    const kind = this.#kinds.of(release)
    const wasCounted = this.#arrivals.delete(id)
    const wasLeaving = kind.gone(id)
    if (!wasCounted && !wasLeaving) this.#stock(kind, kind.stocked - 1)
    this.#hold({ id, release, backend, run, now })
  }

  #hold({ id, release, backend, run, now }: Start): void {
    if (isPublic(backend)) return this.ledger.left(id, 'spilled', now)
    this.ledger.started(id, { backend, cpu: specFor(release.spec, backend).cpu, run, at: now })
    this.#running.set(id, { key: kindKey(release), backend })
  }

  ended(id: string): void {
    this.ledger.ended(id)
    this.#running.delete(id)
  }

  /** A count of the record begins: what is committed by now will be in it. */
  beginCount(): number {
    return ++this.#counts
  }

  /** The record has been counted. False when other attempts run than those that are in the books. */
  counted(count: number, backlogs: readonly Backlog[]): boolean {
    for (const [id, { committed }] of this.#arrivals)
      if (committed !== undefined && committed < count) this.#remember(id)
    const byKey = new Map(backlogs.map((backlog) => [kindKey({ ...backlog, number: backlog.release }), backlog]))
    for (const kind of this.#kinds.all()) {
      const waiting = this.#waiting(byKey.get(kind.key))
      kind.atMost(waiting + this.#arrivals.size)
      this.#stock(kind, waiting - kind.leaving)
    }
    return this.#isRunning(byKey)
  }

  /** What really runs, with what each takes. */
  setRunning(attempts: readonly { attempt: RunningAttempt; release: Release; run: RunTime }[]): void {
    const found = new Set(attempts.map(({ attempt }) => attempt.invocation))
    for (const id of this.#running.keys()) if (!found.has(id)) this.ended(id)
    for (const { attempt, release, run } of attempts)
      if (!this.#running.has(attempt.invocation))
        this.#hold({ id: attempt.invocation, release, backend: attempt.backend, run, now: attempt.startedAt })
  }

  /** A worker that is on its way up takes up its place until then; one that is late is as late again. */
  look(backend: BackendName, { slots, vcpu, bootSeconds, starting }: Capacity, now: number): void {
    if (vcpu) this.ledger.resize({ name: backend, unit: 'vcpu', capacity: vcpu.all })
    else this.ledger.resize({ name: backend, unit: 'attempt', capacity: slots })
    this.ledger.freeIn(backend, vcpu?.largestFree)
    const coming = new Set(starting.map(({ worker }) => worker))
    for (const [worker, at] of this.#starting)
      if (at === backend && !coming.has(worker)) {
        this.ledger.ended(worker)
        this.#starting.delete(worker)
      }
    for (const { worker, since, cpu = 1 } of starting) {
      const readyAt = Math.max(since + bootSeconds * 1000, now + (now - since))
      this.ledger.starting(worker, { backend, cpu, at: since, readyAt })
      this.#starting.set(worker, backend)
    }
  }

  #remember(id: string): void {
    this.#arrivals.delete(id)
    this.ledger.stocked(id)
    if (this.ledger.waiting > REMEMBERED_MAX) this.ledger.left(id, 'cancelled', 0)
  }

  #waiting(backlog: Backlog | undefined): number {
    return Math.max(0, ...this.#homes().map((name) => backlog?.queuedFor[name] ?? 0))
  }

  #stock(kind: Kind, count: number): void {
    kind.stocked = Math.max(0, count)
    this.ledger.stock(kind.key, { cpu: kind.cpu, seconds: kind.seconds, count: kind.stocked })
  }

  #isRunning(byKey: ReadonlyMap<string, Backlog>): boolean {
    const own = new Map<string, number>()
    for (const { key, backend } of this.#running.values()) {
      const name = `${key} ${backend}`
      own.set(name, (own.get(name) ?? 0) + 1)
    }
    for (const [key, { runningOn }] of byKey)
      for (const home of this.#homes()) {
        const name = `${key} ${home}`
        if ((runningOn[home] ?? 0) !== (own.get(name) ?? 0)) return false
        own.delete(name)
      }
    return own.size === 0
  }
}
