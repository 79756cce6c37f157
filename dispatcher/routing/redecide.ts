/**
 * Work that waits is decided about again when a private back-end is lost or comes back: what it was told is not true any
 * more. From the oldest on, each in view of what waits before it; in the background, so that nothing else waits for that.
 */
import { isPublic, type BackendName } from '../../runtime/contract/function-spec.js'
import type { Release } from '../../runtime/contract/release.js'
import { asError } from '../../runtime/contract/errors.js'
import type { BackendHost } from '../backends/backend.js'
import type { Backlog, Database, NewDecision, WaitingWork } from '../database/database.js'
import { decide } from '../router/decide.js'
import { decidedAgain } from './decided-again.js'
import { Line } from './line.js'
import { pastOf, type Past } from './past.js'
import { workOf, type Routing } from './routing.js'

/** Pieces of work that are read and written at once. */
const BATCH = 500

export interface RedecideContext {
  database: Database
  routing: Routing
  release(name: string, number: number): Promise<Release>
  now(): number
  /** Called after work may have become due. */
  onDecided(): void
  log: BackendHost['log']
}

export class Redecide {
  readonly #context: RedecideContext
  #running: Promise<void> | undefined
  #why: string | undefined

  constructor(context: RedecideContext) {
    this.#context = context
  }

  /** `why`: what has changed; undefined: nothing. */
  look(why: string | undefined, backlogs: readonly Backlog[]): void {
    this.#why = why ?? this.#why
    if (this.#why === undefined || this.#running) return
    const because = this.#why
    this.#why = undefined
    this.#running = this.#all(because, backlogs)
      .catch((thrown: unknown) => this.#context.log('warn', `deciding again failed: ${asError(thrown).message}`))
      .finally(() => (this.#running = undefined))
  }

  async idle(): Promise<void> {
    await this.#running
  }

  async #all(why: string, backlogs: readonly Backlog[]): Promise<void> {
    this.#context.log('info', `${why}: work that waits is decided about again`)
    const line = new Line()
    for (const backlog of backlogs) {
      const release = await this.#context.release(backlog.function, backlog.release)
      this.#context.routing.books.kind(release).stay()
      for (const eligible of choices(backlog)) await this.#lane({ release, eligible, line, why })
    }
  }

  async #lane({ release, eligible, line, why }: Lane): Promise<void> {
    const { database, onDecided } = this.#context
    const what = { function: release.function, release: release.number, eligible, limit: BATCH }
    let waiting = await database.waiting(what)
    while (waiting.length > 0) {
      const works = await Promise.all(waiting.map((work) => this.#withPast(work)))
      const decisions = works.flatMap((work) => this.#again({ release, eligible, line, why }, work))
      await database.redecide(decisions)
      if (decisions.length > 0) onDecided()
      waiting = await database.waiting({ ...what, after: waiting.at(-1)!.place })
    }
  }

  /** Most has none. */
  async #withPast(work: WaitingWork): Promise<WorkWithPast> {
    const record = work.attempts > 0 ? await this.#context.database.getInvocation(work.invocation) : undefined
    return { ...work, past: record ? pastOf(record) : {} }
  }

  #again(
    { release, line, why }: Lane,
    { invocation, input, decision: before, acceptedAt, past }: WorkWithPast,
  ): NewDecision[] {
    const { routing, now } = this.#context
    const kind = routing.books.kind(release)
    const situation = line.before(routing.situation(release))
    const decision = decide({ ...workOf({ release, input }), acceptedAt, ...past }, situation)
    const { spillAt, terms } = decision
    const isHeld = terms?.rule === 'no-room'
    if (spillAt !== null && spillAt <= now() && !isHeld) kind.goes(invocation)
    else line.add(kind)
    if (isHeld) kind.holds(invocation)
    const again = decidedAgain(before, decision, { why, now: now() })
    return again ? [{ invocation, decision: again }] : []
  }
}

type WorkWithPast = WaitingWork & { past: Partial<Past> }

interface Lane {
  release: Release
  eligible: BackendName[]
  line: Line
  why: string
}

/** The sets of back-ends that work of it can wait for where it has a choice between home and away. */
function choices({ queuedFor }: Backlog): BackendName[][] {
  const names = (Object.keys(queuedFor) as BackendName[]).filter((name) => (queuedFor[name] ?? 0) > 0)
  const sets = names.reduce<BackendName[][]>((found, name) => [...found, ...found.map((set) => [...set, name])], [[]])
  return sets.filter((set) => set.some(isPublic) && !set.every(isPublic))
}
