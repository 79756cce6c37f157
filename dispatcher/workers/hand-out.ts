/** Answers a worker's `next`: claims the oldest ready invocation of its release, or waits for one. */
import { NEXT_MS, type AttemptDocument, type WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { attemptId } from '../../runtime/contract/invocation.js'
import { isGone, SpillwayError } from '../../runtime/contract/errors.js'
import { failed, type Failed } from '../../runtime/contract/outcome.js'
import type { Changes } from '../changes.js'
import type { Release } from '../../runtime/contract/release.js'
import type { AttemptRef, Claim, Database } from '../database/database.js'
import type { Aside, Outages } from '../outages.js'
import type { Claims } from '../routing/claims.js'
import type { Settle } from '../outcomes/settle.js'
import { takerTopic } from '../topics.js'
import { attemptDocument } from './attempt-document.js'
import type { InputGrants } from './input-grants.js'
import type { WorkerBook } from './worker-book.js'

/** Stands for the worker of an attempt that failed because none could be started. */
const NOBODY = 'none'

/** Share of a lease that may pass before its worker hears of the attempt: it renews the lease from then on only. */
const HEARD_WITHIN = 0.25

export interface HandOutContext {
  database: Database
  claims: Pick<Claims, 'claim' | 'unclaim' | 'setAside'>
  book: WorkerBook
  changes: Changes
  settle: Settle
  grants: InputGrants
  outages: Pick<Outages, 'holds' | 'of' | 'noteInput' | 'answered'>
  release(name: string, number: number): Promise<Release>
  leaseMs: number
  now(): number
  isDraining(): boolean
  /** Makes a worker known that another dispatcher has started, unless it was sent away. */
  meet(claims: WorkerClaims): Promise<void>
}

export interface HandedOut {
  attempt: string
  document: AttemptDocument
}

export class HandOut {
  readonly #context: HandOutContext

  constructor(context: HandOutContext) {
    this.#context = context
  }

  /** Undefined after a while without work; `worker-dismissed` when the worker is to end; the signal is the connection's. */
  async next(claims: WorkerClaims, connection: AbortSignal): Promise<HandedOut | undefined> {
    const { book, meet } = this.#context
    if (!book.has(claims.worker)) await meet(claims)
    if (!book.wants(claims.worker)) throw dismissed(claims)
    const release = await this.#context.release(claims.function, claims.release)
    return this.#claimOrWait(release, claims, connection)
  }

  /** As `next`, for a worker that takes what is ready now and asks again otherwise. */
  async nextAtOnce(claims: WorkerClaims, connection: AbortSignal): Promise<HandedOut | undefined> {
    try {
      if (!this.#context.book.wants(claims.worker)) return undefined
      const release = await this.#context.release(claims.function, claims.release)
      const claim = await this.#claim(release, claims)
      return claim && (await this.#hand(claim, release, claims, connection))
    } catch (error) {
      if (error instanceof SpillwayError) return undefined
      throw error
    }
  }

  /** For a worker that will not hear of it. */
  async takeBack({ document }: HandedOut, claims: WorkerClaims): Promise<void> {
    await this.#unclaim(document, claims)
  }

  async #claimOrWait(release: Release, claims: WorkerClaims, signal: AbortSignal): Promise<HandedOut | undefined> {
    const until = this.#context.now() + NEXT_MS
    for (;;) {
      const waiter = this.#context.changes.enter(takerTopic(release.function, claims.backend))
      let claim: Claim | undefined
      try {
        claim = await this.#claim(release, claims)
        const milliseconds = Math.max(1, until - this.#context.now())
        if (!claim) await this.#idle(claims.worker, () => waiter.wait({ milliseconds, signal }))
      } finally {
        waiter.leave(claim === undefined && !signal.aborted)
      }
      if (claim) {
        const handed = await this.#hand(claim, release, claims, signal)
        if (handed) return handed
      }
      if (!this.#context.book.wants(claims.worker)) throw dismissed(claims)
      if (signal.aborted || this.#context.now() >= until) return undefined
    }
  }

  /** A worker whose claim is under way is not idle: sent away, it would take an attempt with it. */
  async #idle(worker: string, wait: () => Promise<void>): Promise<void> {
    if (!this.#context.book.wants(worker)) return
    const leave = this.#context.book.enter(worker)
    try {
      await wait()
    } finally {
      leave()
    }
  }

  /** Fails the oldest ready invocation, if there is one: no worker of the back-end can be started for it. */
  async failNext(release: Release, backend: BackendName, outcome: Failed): Promise<void> {
    const claim = await this.#claim(release, { worker: NOBODY, backend })
    if (claim) await this.#context.settle.fail(claim, outcome)
  }

  async #claim(
    release: Release,
    { worker, backend }: Pick<WorkerClaims, 'worker' | 'backend'>,
  ): Promise<Claim | undefined> {
    if (this.#context.isDraining() || this.#context.outages.holds(release.spec)) return undefined
    const now = this.#context.now()
    const request = {
      function: release.function,
      release: release.number,
      backend,
      worker,
      concurrency: release.spec.concurrency,
      now,
      leaseUntil: now + this.#context.leaseMs,
    }
    return this.#context.claims.claim(request, release)
  }

  /** The document for the worker; undefined when the claim came to nothing. */
  async #hand(
    claim: Claim,
    release: Release,
    claims: WorkerClaims,
    signal: AbortSignal,
  ): Promise<HandedOut | undefined> {
    if (signal.aborted) {
      await this.#unclaim(claim, claims)
      return undefined
    }
    const away = claim.input.kind === 'object' ? this.#context.outages.of(claim.input.event) : undefined
    if (away) return this.#setAside(claim, release, away)
    const since = this.#context.now()
    let document: AttemptDocument
    try {
      document = await this.#document(claim, release, claims)
    } catch (error) {
      return this.#notHanded(claim, release, error)
    }
    if (claim.input.kind === 'object') this.#context.outages.answered(claim.input.event)
    const isHeard = await this.#isHeard(claim, claims, { since, signal })
    return isHeard ? { attempt: attemptId(claim.invocation, claim.attempt), document } : undefined
  }

  /** A storage may take its time to answer: the worker may be gone by then, and if not has a whole lease from now on. */
  async #isHeard(
    claim: Claim,
    claims: WorkerClaims,
    { since, signal }: { since: number; signal: AbortSignal },
  ): Promise<boolean> {
    const { database, leaseMs, now } = this.#context
    if (signal.aborted) {
      await this.#unclaim(claim, claims)
      return false
    }
    if (now() - since < leaseMs * HEARD_WITHIN) return true
    return (await database.renewLease(claim, now() + leaseMs)) === 'held'
  }

  /** Only what is gone is the end of the attempt: a storage that does not answer, or refuses, says nothing about its work. */
  async #notHanded(claim: Claim, release: Release, error: unknown): Promise<undefined> {
    const { outages, settle } = this.#context
    if (!(error instanceof SpillwayError) || claim.input.kind !== 'object') throw error
    if (!isGone(error)) return this.#setAside(claim, release, outages.noteInput(claim.input.event, error))
    outages.answered(claim.input.event)
    await settle.fail(claim, failed({ cause: 'input-missing', message: error.message }))
  }

  async #setAside(claim: Claim, { function: name, number: release }: Release, aside: Aside): Promise<undefined> {
    await this.#context.claims.setAside({ ...claim, function: name, release }, aside)
  }

  async #unclaim({ invocation, attempt }: AttemptRef, claims: WorkerClaims): Promise<void> {
    await this.#context.claims.unclaim({ invocation, attempt })
    this.#context.changes.notify(takerTopic(claims.function, claims.backend), 1)
  }

  async #document(claim: Claim, release: Release, claims: WorkerClaims): Promise<AttemptDocument> {
    const { database, grants, now } = this.#context
    const body = claim.input.kind === 'request' ? await database.getBody(claim.invocation) : undefined
    const document = attemptDocument({
      backend: claims.backend,
      claim,
      release,
      body,
      storageType: (name) => grants.storageType(name),
      now: now(),
    })
    return {
      ...document,
      input: [await grants.forInput(claim, claims, { body, deadlineMs: document.limits.deadlineMs })],
    }
  }
}

const dismissed = ({ worker }: WorkerClaims) =>
  new SpillwayError('worker-dismissed', `Worker ${worker} is not wanted any more; it may end.`)
