/** The one connection that writes and makes a member; once it is lost, nothing is written until it has been made again. */
import { setTimeout as delay } from 'node:timers/promises'
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import { CommitFailed, type Outcome } from '../group-commit.js'
import type { Answer, Write } from '../sql/statement.js'
import { Doubt } from './doubt.js'
import { raiseMark, registerDispatcher, standingOf } from './marks.js'
import { becomeMember, enter, mustBeOfTeam, takeDuty, TAKE_TURN } from './members.js'
import { migrate } from './migrate.js'
import { isConflict, isReadOnly, isRefusal, outgrown, replaced, serverUnavailable, unknownEnd } from './refusal.js'
import { Session, StatementFailed, type SessionOptions } from './session.js'
import type { PostgresValue } from './statements.js'

export type PostgresWrite<T = unknown> = Write<T, PostgresValue>

export interface WriterOptions extends SessionOptions {
  /** The same for all dispatchers that may have the database open at once. */
  team: string
  /** Time between two tries to connect again. */
  retryEveryMs: number
  /** How long callers wait for somebody to look whether their commit has happened. */
  doubtMs: number
}

interface Opened {
  session: Session
  number: number
  format: number
}

/** How often work is run that collides with that of other programs. */
const TRIES = 5

export class Writer {
  /** Among all dispatchers that ever opened the database. */
  readonly number: number
  readonly #options: WriterOptions
  /** That the database had when it was opened, and that this version writes. */
  readonly #format: number
  readonly #closing = new AbortController()
  readonly #duties = new Set<string>()
  #session: Session | undefined
  #trouble: SpillwayError | undefined
  #isReplaced = false
  #mark = 0
  #doubt: Doubt | undefined
  #recovery: Promise<void> = Promise.resolve()

  /** Brings the database up to date; throws `database-locked` when a dispatcher of another team has it open. */
  static async open(options: WriterOptions): Promise<Writer> {
    const { address, team } = options
    const session = await Session.open(options)
    try {
      const opened = await enter(session, address.name, async () => {
        const format = await migrate(session, address.name)
        await mustBeOfTeam(session, address.name, team)
        const number = await registerDispatcher(session, team)
        await becomeMember(session, number)
        return { session, number, format }
      })
      return new Writer(options, opened)
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  private constructor(options: WriterOptions, { session, number, format }: Opened) {
    this.#options = options
    this.number = number
    this.#format = format
    this.#use(session)
  }

  /** Why nothing is written now; undefined when all is well. */
  get trouble(): SpillwayError | undefined {
    return this.#trouble
  }

  /** In two steps: all answers are here before the commit is sent, so that only its own can be missing. */
  async commit(writes: readonly PostgresWrite[]): Promise<Outcome[]> {
    const session = this.#session
    if (!session) throw this.#trouble
    const outcomes = outcomesOf(writes, await this.#begin(session, writes, TRIES))
    try {
      await session.commit()
      return outcomes
    } catch (error) {
      const doubt = this.#inDoubt()
      this.#lose(session, error)
      return outcomes.map((outcome) => doubt.until(outcome))
    }
  }

  /** Whether this dispatcher has the duty: until the connection is lost. */
  async take(duty: string): Promise<boolean> {
    const session = this.#session
    if (!session) throw this.#trouble
    if (this.#duties.has(duty)) return true
    if (!(await takeDuty(session, duty)) || session !== this.#session) return false
    this.#duties.add(duty)
    return true
  }

  holds(duty: string): boolean {
    return this.#duties.has(duty)
  }

  /** The server knows nothing of the connection any more. */
  lose(): void {
    if (this.#session) this.#lose(this.#session, new Error('the server has ended the connection'))
  }

  async close(): Promise<void> {
    await this.#doubt?.over
    this.#closing.abort()
    await this.#recovery
    const session = this.#session
    this.#session = undefined
    await session?.close().catch(() => session.destroy())
  }

  get #name(): string {
    return this.#options.address.name
  }

  /** When it throws, nothing was written. */
  async #begin(session: Session, writes: readonly PostgresWrite[], tries: number): Promise<Answer[]> {
    const mark = raiseMark(this.number, ++this.#mark)
    try {
      const [, ...answers] = await session.begin([TAKE_TURN, ...writes.flatMap(({ statements }) => statements), mark])
      if (answers.at(-1)!.changes === 0) throw this.#replace(session)
      return answers
    } catch (error) {
      if (error instanceof SpillwayError) throw error
      if (!(error instanceof StatementFailed)) throw this.#lose(session, error)
      if (isReadOnly(error.reason)) throw this.#lose(session, error.reason)
      if (isRefusal(error.reason)) throw serverUnavailable(this.#name, error.reason)
      if (isConflict(error.reason) && tries > 1) return this.#begin(session, writes, tries - 1)
      throw blame(writes, error)
    }
  }

  #inDoubt(): Doubt {
    const { address, doubtMs } = this.#options
    this.#doubt = new Doubt({ mark: this.#mark, milliseconds: doubtMs, unknown: unknownEnd(address.name) })
    return this.#doubt
  }

  #use(session: Session): void {
    this.#session = session
    this.#trouble = undefined
    void session.ended.then((reason) => this.#lose(session, reason))
  }

  #lose(session: Session, reason: unknown): SpillwayError {
    const trouble = serverUnavailable(this.#name, reason)
    session.destroy()
    if (this.#session === session) {
      this.#session = undefined
      this.#duties.clear()
      this.#trouble = trouble
      this.#recovery = this.#recover()
    }
    return trouble
  }

  /** The server is another one than it was, or serves another dispatcher: what we know is worth nothing any more. */
  #replace(session: Session, trouble = replaced(this.#name)): SpillwayError {
    this.#isReplaced = true
    this.#trouble = trouble
    this.#session = undefined
    this.#duties.clear()
    session.destroy()
    return this.#trouble
  }

  async #recover(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted && !this.#isReplaced) {
      try {
        return await this.#reopen()
      } catch (error) {
        this.#trouble = error instanceof SpillwayError ? error : serverUnavailable(this.#name, error)
      }
      await delay(this.#options.retryEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #reopen(): Promise<void> {
    const session = await Session.open(this.#options)
    try {
      if (!(await becomeMember(session, this.number))) throw new Error('the connection of before is not dead yet')
      const { mark, replaced: isReplaced, format } = await standingOf(session, this.number, this.#options.team)
      this.#resolveDoubt(mark)
      if (format > this.#format)
        throw this.#replace(session, outgrown(this.#name, { has: format, knows: this.#format }))
      if (mark === null || isReplaced) throw this.#replace(session)
      this.#use(session)
    } catch (error) {
      session.destroy()
      throw asError(error)
    }
  }

  /** The connection that sent the commit is gone, as its lock is this one's now: what it did is final. */
  #resolveDoubt(mark: number | null): void {
    this.#doubt?.end(mark === this.#doubt.mark ? undefined : this.#trouble)
    this.#doubt = undefined
  }
}

function outcomesOf(writes: readonly PostgresWrite[], answers: readonly Answer[]): Outcome[] {
  let next = 0
  return writes.map((write) => {
    const own = answers.slice(next, (next += write.statements.length))
    return () => write.read(own)
  })
}

/** The write that has the statement; those around them are ours, and nobody's fault among them. */
function blame(writes: readonly PostgresWrite[], { index, reason }: StatementFailed): unknown {
  let end = 0
  const own = index - 1
  const owner = own < 0 ? -1 : writes.findIndex(({ statements }) => own < (end += statements.length))
  return owner < 0 ? reason : new CommitFailed(owner, reason)
}
