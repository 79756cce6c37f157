/**
 * Functions and invocations that survive a power cut. Every driver keeps these promises:
 *
 * - A promise that resolves has been committed and flushed to disk; one that rejects has changed nothing, unless it says
 *   that nobody knows: a server broke off in the middle of the commit and did not come back for a while.
 * - When the disk refuses (full, failing fsync), calls reject with `database-unavailable` until it takes writes again;
 *   nothing that was acknowledged is lost.
 * - `accept` records the same identity of the same function once, whoever else accepts at the same time.
 * - `claim` hands one invocation to one worker only, and never lets more than `concurrency` invocations of a function run.
 *   Private back-ends get what their name is on (`decision.eligible`) in order of arrival within a function; public ones
 *   get what may spill over by now, what is due longest first.
 * - Only the newest attempt of a running invocation is `held`; every call by another one answers `fenced` and changes nothing.
 * - Costs of accept and claim do not grow with the length of the queue.
 * - Of a decision its numbers are kept; whoever reads it gets it in words.
 * - `now` and other times are arguments, in epoch milliseconds; a driver never looks at a clock.
 */
import type { BriefDecision, Decision } from '../../runtime/contract/decision.js'
import type { InvocationInput, InvocationRecord, InvocationSummary } from '../../runtime/contract/dispatcher-api.js'
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { State } from '../../runtime/contract/invocation.js'
import type { QuarantinedEvent } from '../../runtime/contract/quarantined-event.js'
import type { Release } from '../../runtime/contract/release.js'
import type { Cause, Outcome, PublishedOutput, ResultBody } from '../../runtime/contract/outcome.js'
import type { Shared } from './shared.js'

export interface NewRelease {
  function: string
  spec: FunctionSpec
  /** The packaged files as one document; what it is made of is not the database's business. */
  package: Buffer
  packageDigest: string
  now: number
}

export interface NewInvocation {
  /** UUIDv7 */
  id: string
  function: string
  release: number
  /** Two with the same identity are the same work of that function; null = always new work. */
  identity: string | null
  input: InvocationInput
  /** Present for requests. */
  body?: Buffer
  decision: BriefDecision
  /** Present when no back-end can run it: it goes on record as failed, without an attempt. */
  refusal?: { cause: Cause; message: string }
  now: number
}

export type Identified = Pick<NewInvocation, 'function' | 'identity'>

/** A notification that could not be read. */
export interface Unreadable {
  /** Storage, address or queue that it came from. */
  source: string
  /** As it came. */
  body: Buffer
  problem: string
  now: number
  /** What stays of earlier ones: those that came at or after `since`, and of these the newest, with this one `most`. */
  keep: { most: number; since: number }
}

export interface AcceptAnswer {
  /** Of the invocation that stands in the record: an earlier one's when `duplicate`. */
  id: string
  duplicate: boolean
  /** False when a duplicate came with another body than the first. */
  sameBody: boolean
  state: State
}

export interface ClaimRequest {
  function: string
  release: number
  backend: BackendName
  worker: string
  /** Most running invocations of the function; undefined = no limit. */
  concurrency?: number
  now: number
  leaseUntil: number
}

export interface Claim {
  invocation: string
  attempt: number
  input: InvocationInput
}

export interface AttemptRef {
  invocation: string
  attempt: number
}

/** What `settle` needs to know about a running attempt and its invocation. */
export interface RunningAttempt extends AttemptRef {
  function: string
  release: number
  backend: BackendName
  worker: string
  startedAt: number
  leaseUntil: number
  /** Earlier attempts whose failure was the user's fault / was not. */
  faults: number
  losses: number
  input: InvocationInput
  /** Set when results are on their way: see `beginPublishing`. */
  publishing?: Publishing
}

/** What was about to be published when the dispatcher stopped; enough to finish it. */
export interface Publishing {
  outcome: Outcome
  /** USD; see `Settlement`. */
  cost?: number
  staged: StagedOutput[]
}

/** A result in the staging place of its storage, waiting for its attempt to be accepted. */
export interface StagedOutput extends PublishedOutput {
  /** The driver's own words for where it waits. */
  ticket: string
}

export type Held = 'held' | 'fenced'

/** Why an attempt was taken back, and when the next one may start. */
export interface TakenBack {
  why: string
  notBefore: number
}

/** Ready work of a release whose input lies at a place where nothing can be had now. */
export interface Away extends TakenBack {
  function: string
  release: number
  /** Without a bucket: the whole storage. */
  place: { storage: string; bucket?: string }
  now: number
}

export interface Settlement extends AttemptRef {
  outcome: Outcome
  /** State after `outcome`; the move has been looked up in the table. */
  to: State
  /** For a retry: when the next attempt may start. */
  notBefore?: number
  why?: string
  /** For a retry: where the next attempt may run, in place of the decision so far. */
  decision?: BriefDecision
  /** USD; of an attempt that somebody is paid for. */
  cost?: number
  outputs: PublishedOutput[]
  result?: ResultBody
  now: number
}

export interface InvocationFilter {
  function?: string
  state?: State
  /** Only those accepted at or after this time. */
  since?: number
  /** Most rows; at least 1. */
  limit: number
  cursor?: string
}

/** Work that is ready for a release: `queued` counts no further than the limit that was asked for. */
export interface Backlog {
  function: string
  release: number
  queued: number
  /** Of these, what each back-end may take; on a public one, be it due yet or not. */
  queuedFor: Partial<Record<BackendName, number>>
  running: number
  runningOn: Partial<Record<BackendName, number>>
}

/** Ready work of a release that waits for exactly these back-ends. */
export interface WhatWaits {
  function: string
  release: number
  eligible: BackendName[]
  /** `place` of the last one that is known already. */
  after?: number
  limit: number
}

export interface WaitingWork {
  invocation: string
  /** In the order of arrival. */
  place: number
  input: InvocationInput
  decision: Decision
  acceptedAt: number
  /** Attempts that it has had. */
  attempts: number
}

export interface NewDecision {
  invocation: string
  decision: BriefDecision
}

export interface EndedAttempt {
  function: string
  release: number
  backend: BackendName
  startedAt: number
  endedAt: number
  /** Absent: it succeeded. */
  cause?: Cause
  input: InvocationInput
}

/** An attempt on a public back-end that ended before anybody knew what it cost. */
export interface OwedAttempt extends AttemptRef, Omit<EndedAttempt, 'cause'> {}

/** Of what is owed, in its order. */
export interface OwedPage {
  /** How many are left out at the beginning. */
  passed: number
  most: number
}

export type EndedState = 'succeeded' | 'failed' | 'cancelled'

export interface EndedInvocation {
  id: string
  function: string
  release: number
  state: EndedState
  input: InvocationInput
  acceptedAt: number
  /** When its last attempt started; null: it had none. */
  startedAt: number | null
  endedAt: number
  attempts: number
  /** Where its last attempt ran. */
  backend: BackendName | null
  /** USD, of all its attempts. */
  cost: number
}

/** What attempts on public back-ends cost in one hour. */
export interface Spending {
  function: string
  /** Epoch milliseconds at which the hour began. */
  hour: number
  /** USD */
  cost: number
}

export interface Database {
  /** Absent where a database takes one dispatcher. */
  readonly shared?: Shared

  /** Registers a release and makes it current; the same spec and package as the current release is that release. */
  putRelease(release: NewRelease): Promise<{ release: Release; created: boolean }>
  /** Current releases of all functions that have not been removed, by name. */
  currentReleases(): Promise<Release[]>
  currentRelease(name: string): Promise<Release | undefined>
  /** Also of removed functions: an invocation runs under the release it was accepted under. */
  getRelease(name: string, number: number): Promise<Release | undefined>
  getPackage(digest: string): Promise<Buffer | undefined>
  /**
   * Takes in no more work for it and cancels what waits or runs (and is not publishing). False when there is no such
   * function. Its record stays.
   */
  removeFunction(name: string, now: number): Promise<boolean>

  /** Records work, one answer per entry in the same order; all of them or none. */
  accept(work: NewInvocation[]): Promise<AcceptAnswer[]>
  /** Which of that was accepted before, one answer per entry in the same order; what has no identity never was. */
  known(work: readonly Identified[]): Promise<boolean[]>
  /** Throws away what `keep` does not cover, oldest first, some at a time: what is newer is never thrown away for it. */
  quarantine(unreadable: Unreadable): Promise<void>
  /** Newest first, with smaller numbers than `before`. */
  quarantined(page: { before: number; limit: number }): Promise<QuarantinedEvent[]>
  quarantinedBody(number: number): Promise<Buffer | undefined>
  /** False when there is none of that number. */
  dropQuarantined(number: number): Promise<boolean>

  /** Hands out the oldest ready invocation of a release; undefined when there is none or `concurrency` is reached. */
  claim(request: ClaimRequest): Promise<Claim | undefined>
  /**
   * Takes back a claim whose worker never got to see it: the attempt and the move to it are forgotten, the invocation is
   * ready again, or later; why is among its moves once, however often it is taken back for that.
   */
  unclaim(attempt: AttemptRef, now: number, back?: TakenBack): Promise<Held>
  /** Has work wait until `notBefore` without taking it first, a thousand at a time; answers how many. */
  setAside(away: Away): Promise<number>
  renewLease(attempt: AttemptRef, leaseUntil: number): Promise<Held>
  /** The attempt and its invocation while it is the newest and runs; undefined = fenced. */
  runningAttempt(attempt: AttemptRef): Promise<RunningAttempt | undefined>
  /** Running attempts, oldest first; with a time, only those whose lease ended before it and that are not publishing. */
  runningAttempts(leaseBefore?: number): Promise<RunningAttempt[]>
  getBody(invocation: string): Promise<Buffer | undefined>

  /**
   * The point of no return of a success: from here its lease cannot run out and it cannot be cancelled; what was
   * staged will be published, after a restart too, and then settled. 'promised': somebody has begun before.
   */
  beginPublishing(attempt: AttemptRef, publishing: Publishing): Promise<Held | 'promised'>
  /** Ends an attempt and moves its invocation. */
  settle(settlement: Settlement): Promise<Held>
  /** What ended at or after that time and is not paid for, oldest end first: cancelled, lost, or its cost was not known. */
  owed(since: number, page?: OwedPage): Promise<OwedAttempt[]>
  /** Keeps what an owed attempt cost, in USD, 0 included. False: it is not owed, or has been paid for. */
  pay(attempt: AttemptRef, cost: number, now: number): Promise<boolean>

  /** Cancels what waits or runs (and is not publishing); 'refused' in any other state. */
  cancel(id: string, now: number): Promise<'cancelled' | 'refused' | 'unknown'>
  /** Queues a failed or cancelled invocation again, with a fresh count of faults and losses. */
  redrive(id: string, now: number): Promise<'redriven' | 'refused' | 'unknown'>
  /** Redrives every failed invocation of a function; answers how many. */
  redriveFunction(name: string, now: number): Promise<number>
  /** Makes retries ready whose time has come; answers how many. */
  wakeDue(now: number): Promise<number>
  /** When the next retry is due; undefined when none waits. */
  nextDue(): Promise<number | undefined>
  /** Releases with ready or running work; `queued` counts up to `limit`. */
  backlogs(limit: number): Promise<Backlog[]>

  /** In order of arrival. */
  waiting(what: WhatWaits): Promise<WaitingWork[]>
  /** Puts decisions in the place of earlier ones; what does not wait ready any more keeps its own. Answers how many. */
  redecide(decisions: readonly NewDecision[]): Promise<number>

  getInvocation(id: string): Promise<InvocationRecord | undefined>
  /** Newest first. */
  listInvocations(filter: InvocationFilter): Promise<{ invocations: InvocationSummary[]; cursor?: string }>
  /** Attempts of the newest invocations that had some. */
  endedAttempts(limit: number): Promise<EndedAttempt[]>
  /** In the order of arrival, after the one with that id, which need not be there. */
  endedInvocations(after: string, limit: number): Promise<EndedInvocation[]>
  /** Per function and hour, from the hour that `since` lies in. */
  spending(since: number): Promise<Spending[]>
  /** Counts per state and cause since the record began, per function; for metrics. */
  totals(): Promise<{ function: string; state: State; cause?: Cause; count: number }[]>

  /** False while the disk refuses writes. Tries to write again when it does. */
  healthy(): Promise<boolean>
  /** Waits for what is under way, then lets go of the files. */
  close(): Promise<void>
}
