/** Takes work in: matches it to functions, decides, and records it durably, once. */
import { createHash } from 'node:crypto'
import { v7 as newId } from 'uuid'
import type { BriefDecision } from '../../runtime/contract/decision.js'
import { inWords } from '../../runtime/contract/decision-words.js'
import type { Accepted, EventsAnswer, ObjectsAnswer } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { eventIdentity, type ObjectEvent } from '../../runtime/contract/object-event.js'
import { QUARANTINE_DAYS_MAX, QUARANTINE_EVENTS_MAX } from '../../runtime/contract/quarantined-event.js'
import type { Release } from '../../runtime/contract/release.js'
import type { AcceptAnswer, Database, NewInvocation } from '../database/database.js'
import type { Routing } from '../routing/routing.js'

const DAY_MS = 86_400_000

export interface IntakeContext {
  database: Database
  /** The release of a function that takes new work. */
  current(name: string): Release
  /** Releases that take an object. */
  takers(event: ObjectEvent): Release[]
  routing: Pick<Routing, 'arrive' | 'committed' | 'cancelled'>
  now(): number
  /** Called after the commit, with as many new invocations as the function got. */
  onAccepted(functionName: string, count: number): void
  /** What a notification said, as its storage would list it. */
  asListed(event: ObjectEvent): Promise<ObjectEvent>
}

export interface RequestWork {
  function: string
  body: Buffer
  contentType: string
  /** The caller's Idempotency-Key. */
  key?: string
}

export interface NamedObjects {
  events: readonly ObjectEvent[]
  /** The caller's Idempotency-Key. */
  key?: string
}

export class Intake {
  readonly #context: IntakeContext

  constructor(context: IntakeContext) {
    this.#context = context
  }

  /** Resolves after the durable commit of all of them. */
  async offer(events: readonly ObjectEvent[]): Promise<EventsAnswer> {
    const takers = events.map((event) => this.#context.takers(event))
    const work = events.flatMap((event, index) => takers[index]!.map((release) => this.#objectWork(event, release)))
    const answers = work.length > 0 ? await this.#record(work) : []
    return {
      accepted: answers.filter(({ duplicate }) => !duplicate).map(({ id }) => id),
      duplicates: answers.filter(({ duplicate }) => duplicate).length,
      unmatched: takers.filter((releases) => releases.length === 0).length,
    }
  }

  /** As `offer`, for what a listing has found: nearly all of it is on record, and is not decided about once more. */
  async offerListed(events: readonly ObjectEvent[]): Promise<void> {
    const wanted = events.flatMap((event) => this.#context.takers(event).map((release) => ({ event, release })))
    if (wanted.length === 0) return
    const identified = wanted.map(({ event, release }) => ({
      function: release.function,
      identity: objectIdentity(event),
    }))
    const known = await this.#context.database.known(identified)
    const work = wanted.flatMap(({ event, release }, index) => (known[index] ? [] : [this.#objectWork(event, release)]))
    if (work.length > 0) await this.#record(work)
  }

  /** As `offer`, for what notifications said: a listing that finds the same object finds the same event. */
  async report(events: readonly ObjectEvent[]): Promise<EventsAnswer> {
    return this.offer(await Promise.all(events.map((event) => this.#asListed(event))))
  }

  async request({ function: name, body, contentType, key }: RequestWork): Promise<Accepted> {
    const release = this.#context.current(name)
    const time = new Date(this.#context.now()).toISOString()
    const work = this.#work(release, {
      identity: key === undefined ? null : JSON.stringify(['request', key]),
      input: { kind: 'request', size: body.length, contentType, time },
      body,
    })
    const [answer] = await this.#record([work])
    if (!answer!.sameBody)
      throw new SpillwayError(
        'idempotency-conflict',
        `Idempotency-Key ${JSON.stringify(key)} was used for another body (invocation ${answer!.id}). Use a new key for new work.`,
      )
    return accepted(answer!, work)
  }

  /**
   * As `offer`, for objects that somebody has named to one function: with `key`, once for it; with none, anew each time.
   */
  async objects(name: string, { events, key }: NamedObjects): Promise<ObjectsAnswer['accepted']> {
    const release = this.#context.current(name)
    const identityOf = (event: ObjectEvent) =>
      key === undefined ? null : shorten(JSON.stringify(['objects', key, eventIdentity(event)]))
    const work = events.map((event) =>
      this.#work(release, { identity: identityOf(event), input: { kind: 'object', event } }),
    )
    const answers = work.length > 0 ? await this.#record(work) : []
    return answers.map(({ id, duplicate }, index) => ({ id, key: events[index]!.key, duplicate }))
  }

  /** An object that has come for one function; should others take it too, they hear of it from its storage. */
  async object(name: string, event: ObjectEvent): Promise<Accepted> {
    const work = this.#objectWork(event, this.#context.current(name))
    const [answer] = await this.#record([work])
    return accepted(answer!, work)
  }

  /** Keeps what could not be read, for people to look at. */
  async quarantine(body: Buffer, source: string, problem: string): Promise<void> {
    const now = this.#context.now()
    const keep = { most: QUARANTINE_EVENTS_MAX, since: now - QUARANTINE_DAYS_MAX * DAY_MS }
    await this.#context.database.quarantine({ source, body, problem, now, keep })
  }

  /** What its storage will never tell stays as it is: the sender's queue must not wait for it. */
  async #asListed(event: ObjectEvent): Promise<ObjectEvent> {
    if (this.#context.takers(event).length === 0) return event
    try {
      return await this.#context.asListed(event)
    } catch (thrown) {
      if (thrown instanceof SpillwayError && !thrown.retryable) return event
      throw thrown
    }
  }

  #objectWork(event: ObjectEvent, release: Release): NewInvocation {
    return this.#work(release, { identity: objectIdentity(event), input: { kind: 'object', event } })
  }

  #work(release: Release, input: Pick<NewInvocation, 'identity' | 'input' | 'body'>): NewInvocation {
    const id = newId()
    const decision = this.#context.routing.arrive(id, { release, input: input.input })
    return {
      id,
      function: release.function,
      release: release.number,
      ...input,
      decision,
      ...(decision.eligible.length > 0 ? {} : { refusal: refusal(decision) }),
      now: this.#context.now(),
    }
  }

  /** What is not new work after all leaves the books again. */
  async #accept(work: NewInvocation[]): Promise<AcceptAnswer[]> {
    const { database, routing } = this.#context
    try {
      const answers = await database.accept(work)
      answers.forEach(({ duplicate }, index) =>
        duplicate ? routing.cancelled(work[index]!.id) : routing.committed(work[index]!),
      )
      return answers
    } catch (thrown) {
      for (const { id } of work) routing.cancelled(id)
      throw thrown
    }
  }

  async #record(work: NewInvocation[]): Promise<AcceptAnswer[]> {
    const answers = await this.#accept(work)
    const fresh = new Map<string, number>()
    answers.forEach(({ duplicate }, index) => {
      const name = work[index]!.function
      if (!duplicate && !work[index]!.refusal) fresh.set(name, (fresh.get(name) ?? 0) + 1)
    })
    for (const [name, count] of fresh) this.#context.onAccepted(name, count)
    return answers
  }
}

const accepted = ({ id, state, duplicate }: AcceptAnswer, { decision }: NewInvocation): Accepted => ({
  id,
  state,
  duplicate,
  decision: inShort(decision),
})

function inShort(decision: BriefDecision): Accepted['decision'] {
  const { eligible, spillAt, terms } = decision
  const short: Accepted['decision'] = { eligible, spillAt }
  if (terms) short.rule = terms.rule
  if (eligible.length === 0) short.reasons = inWords(decision).reasons
  return short
}

const objectIdentity = (event: ObjectEvent) => shorten(eventIdentity(event))

/** Keys can be a kilobyte long; an index entry need not be. */
const shorten = (identity: string) =>
  identity.length <= 200 ? identity : `sha256:${createHash('sha256').update(identity).digest('hex')}`

/** A function that fits no back-end is not registered, so that it is the input which does not fit. */
const refusal = (decision: BriefDecision) => ({
  cause: 'input-too-large' as const,
  message: inWords(decision)
    .reasons.map(({ text }) => text)
    .join('; '),
})
