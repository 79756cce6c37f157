/** An outcome -> the next state. Results become visible first, all of them, then the outcome is recorded. */
import type { BriefDecision } from '../../runtime/contract/decision.js'
import { inWords } from '../../runtime/contract/decision-words.js'
import { asError, mayPass, SpillwayError } from '../../runtime/contract/errors.js'
import { attemptId, isEnded } from '../../runtime/contract/invocation.js'
import { inTurn } from '../../runtime/contract/in-turn.js'
import {
  CAUSES,
  failed,
  type Cause,
  type Failed,
  type Outcome,
  type PublishedOutput,
  type Succeeded,
} from '../../runtime/contract/outcome.js'
import type { Release } from '../../runtime/contract/release.js'
import type { AttemptRef, Database, Held, Publishing, RunningAttempt, StagedOutput } from '../database/database.js'
import type { StoredObject } from '../outages.js'
import { nextStep, type Elsewhere } from './retry.js'
import { isBackendFault } from '../router/breaker.js'
import type { ObjectStore } from '../storage/object-store.js'
import { EVERY_SECOND, untilDone, untilStored } from '../until-done.js'
import { isUploading } from '../upload-attempt.js'
import type { OutputGrants } from '../workers/output-grants.js'

/** Results of one attempt. */
const PUBLISHED_AT_ONCE = 8

export interface SettleContext {
  database: Database
  outputs: OutputGrants
  store(name: string): ObjectStore
  storages(): ObjectStore[]
  release(name: string, number: number): Promise<Release>
  /** USD of an attempt that ends now; absent where nobody is paid for it, or whoever reports its end says the cost. */
  costOf(attempt: RunningAttempt, release: Release): number | undefined
  now(): number
  random(): number
  /** After a failure that another back-end may cure: where the next attempt may run. */
  afterFailure(attempt: RunningAttempt, cause: Cause): Promise<BriefDecision | undefined>
  /** Called after each settled attempt. */
  onSettled(attempt: RunningAttempt, end: AttemptEnd): void
  /** A storage takes no results now, or not there. */
  onAway(place: StoredObject, fault: SpillwayError): void
  /** Waits; rejects when the dispatcher closes. */
  pause(milliseconds: number): Promise<void>
  /** Publishing was given up, because the dispatcher closes or by a fault of ours; the next start goes on with it. */
  onInterrupted(attempt: AttemptRef, thrown: unknown): void
}

/** An attempt as it stands on record. */
export interface AttemptEnd {
  outcome: Outcome
  /** USD */
  cost?: number | undefined
  /** The invocation has ended with it. */
  ended: boolean
}

/** How an attempt ended, and what it cost. */
interface End<T extends Outcome> extends EndExtras {
  outcome: T
}

export interface EndExtras {
  /** USD, of an attempt that somebody is paid for. */
  cost?: number | undefined
  /** Called when its record has been asked for: what is asked of the database from then on may share its commit. */
  onAsked?: () => void
}

export class Settle {
  readonly #context: SettleContext
  readonly #publishing = new Map<string, Promise<void>>()
  /** What is being done about the end of an attempt; the next report about it waits for that. */
  readonly #ending = new Map<string, Promise<unknown>>()

  constructor(context: SettleContext) {
    this.#context = context
  }

  /** Resolves once it is durable that the results will be published; publishing itself goes on behind it. */
  succeed(attempt: RunningAttempt, outcome: Succeeded, extras: EndExtras = {}): Promise<Held> {
    return this.#oneByOne(attempt, () => this.#succeed(attempt, { ...extras, outcome }))
  }

  fail(attempt: AttemptRef, outcome: Failed, extras: EndExtras = {}): Promise<Held> {
    return this.#oneByOne(attempt, () => this.#fail(attempt, { ...extras, outcome }))
  }

  /** Throws away what an attempt staged that does not run any more; its worker has said that it is done. */
  abandon(attempt: AttemptRef): Promise<void> {
    return this.#discard(attempt)
  }

  async #succeed(attempt: RunningAttempt, end: End<Succeeded>): Promise<Held> {
    // A worker that did not hear the answer says it again, perhaps to another dispatcher.
    if (this.#publishing.has(idOf(attempt)) || attempt.publishing) return 'held'
    const priced = await this.#priced(attempt, end)
    const staged = await this.#context.outputs.staged(attempt, end.outcome.outputs)
    if (!staged)
      return this.#fail(attempt, {
        ...priced,
        outcome: failed({ cause: 'internal', message: 'the dispatcher restarted while results were being staged' }),
      })
    if (staged.length === 0) return this.#settle(attempt, priced, [])
    const { outcome, cost, onAsked } = priced
    const publishing = { outcome, ...(cost === undefined ? {} : { cost }), staged }
    const beginning = this.#context.database.beginPublishing(attempt, publishing)
    onAsked?.()
    const held = await beginning
    if (held === 'held') this.#inBackground(attempt, this.#publish(attempt, publishing))
    return held === 'promised' ? 'held' : held
  }

  async #fail(ref: AttemptRef, end: End<Failed>): Promise<Held> {
    const attempt = await this.#context.database.runningAttempt(ref)
    if (!attempt || attempt.publishing) return 'fenced'
    const held = await this.#settle(attempt, await this.#priced(attempt, end), [])
    // Only now: meanwhile another dispatcher may have promised to publish it.
    if (held === 'held') await this.#discard(attempt)
    return held
  }

  /** Publishing costs nothing: what is paid for ends with the report. */
  async #priced<T extends Outcome>(attempt: RunningAttempt, end: End<T>): Promise<End<T>> {
    const { release, costOf } = this.#context
    return { ...end, cost: end.cost ?? costOf(attempt, await release(attempt.function, attempt.release)) }
  }

  /** Finishes what another dispatcher, or an earlier life of this one, had promised to publish. */
  takeUp(attempts: readonly RunningAttempt[]): void {
    for (const attempt of attempts)
      if (attempt.publishing && !this.#publishing.has(idOf(attempt)))
        this.#inBackground(attempt, this.#publish(attempt, attempt.publishing))
  }

  /** Throws away what is staged and nobody waits for. */
  async tidy(): Promise<void> {
    const stores = this.#context.storages()
    const staged = await Promise.allSettled(stores.map(async (store) => (await store.stagedAttempts?.()) ?? []))
    // Looked up after what is staged: everything of a running attempt was staged after it had begun.
    const running = new Set((await this.#context.database.runningAttempts()).map(idOf))
    const now = this.#context.now()
    const discard = async (store: ObjectStore, attempts: readonly string[]) => {
      for (const attempt of attempts)
        if (!running.has(attempt) && !isUploading(attempt, now)) await store.discard(attempt)
    }
    await Promise.allSettled(
      staged.map((result, index) => result.status === 'fulfilled' && discard(stores[index]!, result.value)),
    )
  }

  /** Resolves when nothing is being published any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#publishing.values())
  }

  async #oneByOne(ref: AttemptRef, work: () => Promise<Held>): Promise<Held> {
    const id = idOf(ref)
    const mine = (this.#ending.get(id) ?? Promise.resolve()).catch(() => undefined).then(work)
    this.#ending.set(id, mine)
    try {
      return await mine
    } finally {
      if (this.#ending.get(id) === mine) this.#ending.delete(id)
    }
  }

  #inBackground(attempt: AttemptRef, work: Promise<void>): void {
    const id = idOf(attempt)
    const settled = work
      .catch((thrown: unknown) => this.#context.onInterrupted(attempt, thrown))
      .finally(() => this.#publishing.delete(id))
    this.#publishing.set(id, settled)
  }

  async #publish(attempt: RunningAttempt, { staged, ...end }: Publishing): Promise<void> {
    const outputs: PublishedOutput[] = []
    let refused: Failed | undefined
    await inTurn(staged.entries(), PUBLISHED_AT_ONCE, async ([index, output]) => {
      if (refused) return
      const published = await this.#publishOne(output)
      if ('cause' in published) refused = published
      else outputs[index] = published
    })
    if (refused) return this.#refuse(attempt, { ...end, outcome: refused })
    await this.#untilStored(() => this.#settle(attempt, end, outputs))
    await this.#discard(attempt)
  }

  /** The results are visible, so their record must follow, however long the database refuses. */
  #untilStored(store: () => Promise<Held>): Promise<Held> {
    return untilStored(store, { pauses: EVERY_SECOND, pause: this.#context.pause })
  }

  #publishOne(output: StagedOutput): Promise<PublishedOutput | Failed> {
    const { pause, onAway } = this.#context
    const { storage, bucket, key } = output
    return untilDone(() => this.#publishOrFail(output), {
      isFinal: (thrown) => !mayPass(thrown),
      pauses: EVERY_SECOND,
      pause,
      onFault: (thrown) => {
        if (mayPass(thrown)) onAway({ storage, bucket, key }, thrown)
      },
    })
  }

  /** Throws what may pass. */
  async #publishOrFail({ storage, ticket }: StagedOutput): Promise<PublishedOutput | Failed> {
    try {
      return await this.#context.store(storage).publish(ticket)
    } catch (thrown) {
      const cause = publishingCause(thrown)
      if (!cause) throw thrown
      return failed({ cause, message: asError(thrown).message })
    }
  }

  async #refuse(attempt: RunningAttempt, end: End<Failed>): Promise<void> {
    await this.#untilStored(() => this.#settle(attempt, end, []))
    await this.#discard(attempt)
  }

  async #settle(attempt: RunningAttempt, end: End<Outcome>, outputs: PublishedOutput[]): Promise<Held> {
    const { outcome, cost, onAsked } = end
    const { database, now, random } = this.#context
    const { spec } = await this.#context.release(attempt.function, attempt.release)
    const { invocation, attempt: number, faults, losses } = attempt
    const decision = outcome.outcome === 'failed' ? await this.#context.afterFailure(attempt, outcome.cause) : undefined
    const elsewhere = decision && outcome.outcome === 'failed' && elsewhereThan(attempt, outcome.cause, decision)
    const facts = { outcome, retries: spec.retries, faults, losses, now: now(), random: random() }
    const step = nextStep({ ...facts, ...(elsewhere ? { elsewhere } : {}) })
    const settling = database.settle({
      invocation,
      attempt: number,
      outcome,
      ...step,
      ...(decision ? { decision } : {}),
      ...(cost === undefined ? {} : { cost }),
      outputs,
      result: outcome.result,
      now: now(),
    })
    onAsked?.()
    const held = await settling
    if (held === 'held') this.#context.onSettled(attempt, { outcome, cost, ended: isEnded(step.to) })
    return held
  }

  /** Throws away what the attempt staged; a storage that cannot do it now is left with it. */
  async #discard(attempt: AttemptRef): Promise<void> {
    this.#context.outputs.forget(attempt)
    await Promise.allSettled(this.#context.storages().map((store) => store.discard(idOf(attempt))))
  }
}

/** Undefined for a failure that no other back-end cures. */
function elsewhereThan({ backend }: RunningAttempt, cause: Cause, decision: BriefDecision): Elsewhere | undefined {
  if (!CAUSES[cause].elsewhere) return undefined
  const { eligible } = decision
  const others = eligible.filter((name) => name !== backend)
  const why = () => inWords(decision).reasons.map(({ text }) => text)
  const nowhere = eligible.length > 0 ? {} : { nowhere: why().join('; ') }
  // Time cures the fault of a back-end: it may run there again, but others come first.
  const isOut = isBackendFault(cause) ? eligible[0] !== backend : !eligible.includes(backend)
  return { on: others.join(' or '), isCure: others.length > 0 && isOut, ...nowhere }
}

const idOf = ({ invocation, attempt }: AttemptRef) => attemptId(invocation, attempt)

/** The cause of a failure to publish that another try will not cure; undefined = try again. */
function publishingCause(thrown: unknown): Cause | undefined {
  if (thrown instanceof SpillwayError) return mayPass(thrown) ? undefined : 'output-refused'
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'no-space' : 'internal'
}
