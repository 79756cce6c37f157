/** The Database over an engine that runs SQL: everything that does not depend on which one. */
import type { Release } from '../../runtime/contract/release.js'
import type {
  AcceptAnswer,
  AttemptRef,
  Away,
  Claim,
  ClaimRequest,
  Database,
  Identified,
  InvocationFilter,
  NewDecision,
  NewInvocation,
  NewRelease,
  OwedPage,
  Publishing,
  Settlement,
  TakenBack,
  WhatWaits,
  Unreadable,
} from './database.js'
import type { Shared } from './shared.js'
import { renewLease, runningAttempt, runningAttempts } from './sql/attempts.js'
import { cancel, removeFunction } from './sql/cancel.js'
import { currentRelease, currentReleases, getBody, getPackage, getRelease } from './sql/functions.js'
import { endedInvocations } from './sql/history.js'
import { owed, pay } from './sql/owed.js'
import { dropQuarantined, quarantine, quarantined, quarantinedBody } from './sql/quarantine.js'
import { getInvocation, listInvocations, totals } from './sql/record.js'
import { redrive, redriveFunction } from './sql/redrive.js'
import { redecide, waiting } from './sql/redecide.js'
import { endedAttempts } from './sql/run-times.js'
import { setAside } from './sql/set-aside.js'
import { beginPublishing, settle } from './sql/settle.js'
import { spending } from './sql/spending.js'
import type { Query, Write } from './sql/statement.js'
import { unclaim } from './sql/unclaim.js'
import { backlogs, nextDue, wakeDue } from './sql/waiting.js'

/** Runs statements, and has its own for what databases differ in. */
export interface Engine {
  /** Number of this dispatcher, where several may have the database open. */
  readonly dispatcher?: number
  readonly shared?: Shared
  /** Sees all writes that were asked for before. */
  read<T>(query: Query<T>): Promise<T>
  /** Resolves after the commit. */
  write<T>(write: Write<T>): Promise<T>
  putRelease(release: NewRelease): Promise<{ release: Release; created: boolean }>
  accept(work: NewInvocation[]): Promise<AcceptAnswer[]>
  known(work: readonly Identified[]): Promise<boolean[]>
  claim(request: ClaimRequest): Promise<Claim | undefined>
  healthy(): Promise<boolean>
  close(): Promise<void>
}

export class SqlDatabase implements Database {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get shared(): Shared | undefined {
    return this.#engine.shared
  }

  putRelease = (release: NewRelease) => this.#engine.putRelease(release)
  currentReleases = () => this.#engine.read(currentReleases())
  currentRelease = (name: string) => this.#engine.read(currentRelease(name))
  getRelease = (name: string, number: number) => this.#engine.read(getRelease(name, number))
  getPackage = (digest: string) => this.#engine.read(getPackage(digest))
  removeFunction = (name: string, now: number) => this.#engine.write(removeFunction(name, now))

  accept = (work: NewInvocation[]) => this.#engine.accept(work)
  known = (work: readonly Identified[]) => this.#engine.known(work)
  quarantine = (unreadable: Unreadable) => this.#engine.write(quarantine(unreadable))
  quarantined = (page: { before: number; limit: number }) => this.#engine.read(quarantined(page))
  quarantinedBody = (number: number) => this.#engine.read(quarantinedBody(number))
  dropQuarantined = (number: number) => this.#engine.write(dropQuarantined(number))

  claim = (request: ClaimRequest) => this.#engine.claim(request)
  unclaim = (attempt: AttemptRef, now: number, back?: TakenBack) => this.#engine.write(unclaim(attempt, now, back))
  setAside = (away: Away) => this.#engine.write(setAside(away))
  renewLease = (attempt: AttemptRef, leaseUntil: number) => this.#engine.write(renewLease(attempt, leaseUntil))
  runningAttempt = (attempt: AttemptRef) => this.#engine.read(runningAttempt(attempt))
  runningAttempts = (leaseBefore?: number) => this.#engine.read(runningAttempts(leaseBefore))
  getBody = (invocation: string) => this.#engine.read(getBody(invocation))

  beginPublishing = (attempt: AttemptRef, publishing: Publishing) =>
    this.#engine.write(beginPublishing(attempt, publishing, this.#engine.dispatcher))
  settle = async (settlement: Settlement) => this.#engine.write(settle(settlement))
  owed = (since: number, page?: OwedPage) => this.#engine.read(owed(since, page))
  pay = (attempt: AttemptRef, cost: number, now: number) => this.#engine.write(pay(attempt, cost, now))

  cancel = (id: string, now: number) => this.#engine.write(cancel(id, now))
  redrive = (id: string, now: number) => this.#engine.write(redrive(id, now))
  redriveFunction = (name: string, now: number) => this.#engine.write(redriveFunction(name, now))
  wakeDue = (now: number) => this.#engine.write(wakeDue(now))
  nextDue = () => this.#engine.read(nextDue())
  backlogs = (limit: number) => this.#engine.read(backlogs(limit))

  waiting = (what: WhatWaits) => this.#engine.read(waiting(what))
  redecide = async (decisions: readonly NewDecision[]) =>
    decisions.length === 0 ? 0 : this.#engine.write(redecide(decisions))

  getInvocation = (id: string) => this.#engine.read(getInvocation(id))
  listInvocations = async (filter: InvocationFilter) => this.#engine.read(listInvocations(filter))
  endedAttempts = (limit: number) => this.#engine.read(endedAttempts(limit))
  endedInvocations = (after: string, limit: number) => this.#engine.read(endedInvocations(after, limit))
  spending = (since: number) => this.#engine.read(spending(since))
  totals = () => this.#engine.read(totals())

  healthy = () => this.#engine.healthy()
  close = () => this.#engine.close()
}
