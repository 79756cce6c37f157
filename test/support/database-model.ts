/** What a Database does, as simply as it can be written: one list in memory, walked through every time. */
import type {
  AcceptAnswer,
  AttemptRef,
  Backlog,
  Claim,
  ClaimRequest,
  Held,
  InvocationFilter,
  NewInvocation,
  Publishing,
  RunningAttempt,
  Settlement,
  TakenBack,
} from '../../dispatcher/database/database.js'
import type { AttemptRecord, InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import { inWords } from '../../runtime/contract/decision-words.js'
import { BACKEND_NAMES, type BackendName } from '../../runtime/contract/function-spec.js'
import { isEnded, type State } from '../../runtime/contract/invocation.js'
import { CAUSES, type Cause } from '../../runtime/contract/outcome.js'

interface Entry {
  record: InvocationRecord
  identity: string | null
  body: string
  newest: number
  faults: number
  losses: number
  publishing: Publishing | undefined
  leaseUntil: number
}

/** Causes that are no longer news to an attempt whose results are on their way. */
const TOO_LATE = ['worker-lost', 'evicted', 'cancelled']

export class DatabaseModel {
  readonly entries: Entry[] = []
  readonly #removed = new Set<string>()

  removeFunction(name: string, now: number): boolean {
    if (this.#removed.has(name)) return false
    this.#removed.add(name)
    for (const { record } of this.entries)
      if (record.function === name) this.#cancel(record.id, now, 'the function was removed')
    return true
  }

  /** Undefined = refused. */
  accept(work: NewInvocation[]): AcceptAnswer[] | undefined {
    if (work.some((one) => this.#removed.has(one.function))) return undefined
    return work.map((one) => this.#acceptOne(one))
  }

  claim(request: ClaimRequest): Claim | undefined {
    const { concurrency = Infinity, now } = request
    const running = this.#where(
      (entry) => entry.record.function === request.function && entry.record.state === 'running',
    )
    const entry = this.#where((one) => isReady(one) && isOf(one, request) && mayTake(one, request)).toSorted(
      byTurn(request),
    )[0]
    if (running.length >= concurrency || !entry) return undefined
    const { record } = entry
    entry.newest++
    entry.leaseUntil = request.leaseUntil
    record.attempts++
    const at = Math.max(now, record.acceptedAt, ...record.tries.map(({ endedAt }) => endedAt!))
    record.startedAt = at
    record.tries.push({ number: entry.newest, backend: request.backend, worker: request.worker, startedAt: at })
    move(record, at, 'running')
    return { invocation: record.id, attempt: entry.newest, input: record.input }
  }

  unclaim(ref: AttemptRef, now: number, back?: TakenBack): Held {
    const entry = this.#held(ref)
    if (!entry) return 'fenced'
    const { record } = entry
    record.tries.pop()
    record.attempts--
    set(record, 'startedAt', record.tries.at(-1)?.startedAt)
    entry.publishing = undefined
    record.moves.pop()
    record.state = 'queued'
    const { to, why } = record.moves.at(-1)!
    if (back && (to !== 'queued' || why !== back.why)) move(record, now, 'queued', back.why)
    set(record, 'notBefore', back && back.notBefore > now ? back.notBefore : undefined)
    return 'held'
  }

  renewLease(ref: AttemptRef, leaseUntil: number): Held {
    const entry = this.#held(ref)
    if (entry) entry.leaseUntil = leaseUntil
    return entry ? 'held' : 'fenced'
  }

  /** In order of arrival. */
  running(): RunningAttempt[] {
    return this.#where(({ record }) => record.state === 'running').map(({ record, ...entry }) => {
      const { number: attempt, backend, worker, startedAt } = record.tries.at(-1)!
      const { faults, losses, leaseUntil, publishing } = entry
      const { id: invocation, function: name, release, input } = record
      const running = {
        invocation,
        attempt,
        function: name,
        release,
        backend,
        worker,
        startedAt,
        leaseUntil,
        faults,
        losses,
        input,
      }
      return publishing ? { ...running, publishing } : running
    })
  }

  beginPublishing(ref: AttemptRef, publishing: Publishing): Held | 'promised' {
    const entry = this.#held(ref)
    if (entry?.publishing) return 'promised'
    if (entry) entry.publishing = publishing
    return entry ? 'held' : 'fenced'
  }

  settle(settlement: Settlement): Held {
    const { outcome, to, now, notBefore = 0, why } = settlement
    const entry = this.#held(settlement)
    const cause = outcome.outcome === 'failed' ? outcome.cause : undefined
    if (!entry || (entry.publishing && cause && TOO_LATE.includes(cause))) return 'fenced'
    const { record } = entry
    if (cause) entry[CAUSES[cause].userFault ? 'faults' : 'losses']++
    const message = outcome.outcome === 'failed' ? outcome.message : undefined
    const attempt = record.tries.at(-1)!
    endAttempt(attempt, { now, cause, message })
    set(attempt, 'exitCode', outcome.exitCode)
    set(attempt, 'times', outcome.times)
    entry.publishing = undefined
    this.#moveOn(record, { to, now, cause, message, why })
    set(record, 'notBefore', to === 'queued' && notBefore > now ? notBefore : undefined)
    record.outputs = settlement.outputs
    if (settlement.decision) record.decision = inWords(settlement.decision)
    set(attempt, 'cost', settlement.cost)
    return 'held'
  }

  /** Ids of attempts. */
  owed(): string[] {
    return this.entries.flatMap(({ record }) =>
      record.tries.filter(isOwed).map(({ number }) => `${record.id}.${number}`),
    )
  }

  pay({ invocation, attempt: number }: AttemptRef, cost: number): boolean {
    const record = this.entries.find((entry) => entry.record.id === invocation)?.record
    const attempt = record?.tries.find((one) => one.number === number)
    if (!record || !attempt || !isOwed(attempt)) return false
    attempt.cost = cost
    return true
  }

  /** By function, USD with six digits; who never paid is not there. */
  spending(): Record<string, string> {
    const sums = new Map<string, number>()
    for (const { record } of this.entries)
      for (const { cost } of record.tries)
        if (cost !== undefined) sums.set(record.function, (sums.get(record.function) ?? 0) + cost)
    return Object.fromEntries([...sums].map(([name, sum]) => [name, sum.toFixed(6)]))
  }

  cancel(id: string, now: number): 'cancelled' | 'refused' {
    return this.#cancel(id, now, CAUSES.cancelled.meaning)
  }

  redrive(id: string, now: number): 'redriven' | 'refused' {
    const entry = this.#entry(id)
    const { record } = entry
    if (!['failed', 'cancelled'].includes(record.state) || this.#removed.has(record.function)) return 'refused'
    entry.faults = entry.losses = 0
    record.outputs = []
    for (const key of ['cause', 'message', 'endedAt'] as const) delete record[key]
    move(record, now, 'queued', 'redriven')
    return 'redriven'
  }

  redriveFunction(name: string, now: number): number {
    const failed = this.#where(({ record }) => record.function === name && record.state === 'failed')
    return failed.filter(({ record }) => this.redrive(record.id, now) === 'redriven').length
  }

  wakeDue(now: number): number {
    const due = this.#where(({ record }) => record.notBefore !== undefined && record.notBefore <= now)
    for (const { record } of due) delete record.notBefore
    return due.length
  }

  nextDue(): number | undefined {
    const times = this.entries.flatMap(({ record }) => record.notBefore ?? [])
    return times.length > 0 ? Math.min(...times) : undefined
  }

  backlogs(limit: number): Backlog[] {
    const names = [...new Set(this.entries.map(({ record }) => record.function))].toSorted()
    return names
      .map((name) => {
        const own = this.#where(({ record }) => record.function === name)
        const running = own.filter(({ record }) => record.state === 'running').length
        const ready = own.filter(isReady)
        const queuedFor = Object.fromEntries(
          BACKEND_NAMES.map((backend) => [
            backend,
            Math.min(limit, ready.filter((one) => isFor(one, backend)).length),
          ]).filter(([, count]) => count !== 0),
        )
        const runningOn = Object.fromEntries(
          BACKEND_NAMES.map((backend) => [
            backend,
            own.filter(({ record }) => record.state === 'running' && record.tries.at(-1)!.backend === backend).length,
          ]).filter(([, count]) => count !== 0),
        )
        return { function: name, release: 1, queued: Math.min(limit, ready.length), queuedFor, running, runningOn }
      })
      .filter(({ queued, running }) => queued + running > 0)
  }

  /** Ids, newest first. */
  list(filter: Omit<InvocationFilter, 'limit' | 'cursor'>): string[] {
    return this.#where(
      ({ record }) =>
        (filter.function === undefined || record.function === filter.function) &&
        (filter.state === undefined || record.state === filter.state) &&
        (filter.since === undefined || record.acceptedAt >= filter.since),
    )
      .toReversed()
      .toSorted((a, b) => b.record.acceptedAt - a.record.acceptedAt)
      .map(({ record }) => record.id)
  }

  /** `<function> <state> <cause>` -> how many. */
  totals(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { record } of this.entries) {
      const key = [record.function, record.state, record.state === 'failed' ? record.cause : ''].join(' ')
      counts[key] = (counts[key] ?? 0) + 1
    }
    return counts
  }

  #acceptOne(work: NewInvocation): AcceptAnswer {
    const body = work.body?.toString('hex') ?? ''
    const first = this.entries.find(
      ({ record, identity }) => identity !== null && identity === work.identity && record.function === work.function,
    )
    if (first) return { id: first.record.id, duplicate: true, sameBody: first.body === body, state: first.record.state }
    const record: InvocationRecord = {
      id: work.id,
      function: work.function,
      release: work.release,
      state: 'accepted',
      input: work.input,
      acceptedAt: work.now,
      attempts: 0,
      moves: [],
      decision: inWords(work.decision),
      tries: [],
      outputs: [],
    }
    move(record, work.now, 'accepted')
    move(record, work.now, 'queued')
    const { identity } = work
    this.entries.push({ record, identity, body, newest: 0, faults: 0, losses: 0, publishing: undefined, leaseUntil: 0 })
    return { id: work.id, duplicate: false, sameBody: true, state: 'queued' }
  }

  #cancel(id: string, now: number, why: string): 'cancelled' | 'refused' {
    const { record, publishing } = this.#entry(id)
    if (isEnded(record.state) || publishing) return 'refused'
    if (record.state === 'running') endAttempt(record.tries.at(-1)!, { now, cause: 'cancelled', message: why })
    delete record.notBefore
    this.#moveOn(record, { to: 'cancelled', now, cause: 'cancelled', message: why, why })
    return 'cancelled'
  }

  #moveOn(
    record: InvocationRecord,
    step: { to: State; now: number; cause?: Cause; message?: string; why?: string },
  ): void {
    set(record, 'cause', step.cause)
    set(record, 'message', step.message)
    set(record, 'endedAt', isEnded(step.to) ? step.now : undefined)
    move(record, step.now, step.to, step.why)
  }

  #held({ invocation, attempt }: AttemptRef): Entry | undefined {
    const entry = this.entries.find(({ record }) => record.id === invocation)
    return entry?.record.state === 'running' && entry.newest === attempt ? entry : undefined
  }

  #entry(id: string): Entry {
    return this.entries.find(({ record }) => record.id === id)!
  }

  #where(is: (entry: Entry) => boolean): Entry[] {
    return this.entries.filter(is)
  }
}

const isOwed = ({ backend, cost, endedAt }: AttemptRecord) =>
  isPublic(backend) && endedAt !== undefined && cost === undefined

const isReady = ({ record }: Entry) => record.state === 'queued' && record.notBefore === undefined

const isPublic = (backend: BackendName) => backend === 'lambda' || backend === 'rehearsal'

const isFor = ({ record: { decision } }: Entry, backend: BackendName) =>
  decision.eligible.includes(backend) && (!isPublic(backend) || decision.spillAt !== null)

const mayTake = (entry: Entry, { backend, now }: ClaimRequest) =>
  isFor(entry, backend) && (!isPublic(backend) || entry.record.decision.spillAt! <= now)

/** What is due longest for a public back-end, else what came first: the list is in that order. */
const byTurn =
  ({ backend }: ClaimRequest) =>
  (a: Entry, b: Entry) =>
    isPublic(backend) ? a.record.decision.spillAt! - b.record.decision.spillAt! : 0

const isOf = ({ record }: Entry, request: ClaimRequest) =>
  record.function === request.function && record.release === request.release

function move(record: InvocationRecord, at: number, to: State, why?: string): void {
  record.state = to
  record.moves.push(why === undefined ? { at, to } : { at, to, why })
}

function endAttempt(attempt: AttemptRecord, end: { now: number; cause?: Cause; message?: string }): void {
  attempt.endedAt = end.now
  set(attempt, 'cause', end.cause)
  set(attempt, 'message', end.message)
}

function set<T, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[key]
  else target[key] = value
}
