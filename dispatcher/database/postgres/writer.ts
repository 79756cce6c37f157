/** The one connection that writes and holds the lock; once it is lost, nothing is written until it has been made again. */
import { setTimeout as delay } from 'node:timers/promises'
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import { CommitFailed, type Outcome } from '../group-commit.js'
import type { Answer, Write } from '../sql/statement.js'
import { Doubt } from './doubt.js'
import { endConnection, isSame, locked, takeLock, whoAmI, type Holder } from './lock.js'
import { isNewest, markOf, raiseMark, registerDispatcher } from './marks.js'
import { migrate } from './migrate.js'
import { isConflict, isReadOnly, isRefusal, replaced, serverUnavailable, unknownEnd } from './refusal.js'
import { Session, StatementFailed, type SessionOptions } from './session.js'
import type { PostgresValue } from './statements.js'

export type PostgresWrite<T = unknown> = Write<T, PostgresValue>

export interface WriterOptions extends SessionOptions {
  /** Time between two tries to connect again. */
  retryEveryMs: number
  /** How long callers wait for somebody to look whether their commit has happened. */
  doubtMs: number
}

/** How often work is run that collides with that of other programs. */
const TRIES = 5

interface Opened {
  session: Session
  /** What the lock knows us by. */
  self: Holder
  dispatcher: number
}

export class Writer {
  readonly #options: WriterOptions
  readonly #dispatcher: number
  readonly #closing = new AbortController()
  #session: Session | undefined
  #self: Holder
  #trouble: SpillwayError | undefined
  #isReplaced = false
  #mark = 0
  #doubt: Doubt | undefined
  #recovery: Promise<void> = Promise.resolve()

  /** Takes the lock and brings the database up to date; throws `database-locked` when another dispatcher has it. */
  static async open(options: WriterOptions): Promise<Writer> {
    const { name } = options.address
    const session = await Session.open(options)
    try {
      const holder = await takeLock(session)
      if (holder) throw locked(name, holder)
      await migrate(session, name)
      return new Writer(options, {
        session,
        self: await whoAmI(session),
        dispatcher: await registerDispatcher(session),
      })
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  private constructor(options: WriterOptions, { session, self, dispatcher }: Opened) {
    this.#options = options
    this.#dispatcher = dispatcher
    this.#self = self
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
    const mark = raiseMark(this.#dispatcher, ++this.#mark)
    try {
      const answers = await session.begin([...writes.flatMap(({ statements }) => statements), mark])
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
      this.#trouble = trouble
      this.#recovery = this.#recover()
    }
    return trouble
  }

  /** The server is another one than it was, or serves another dispatcher: what we know is worth nothing any more. */
  #replace(session: Session): SpillwayError {
    this.#isReplaced = true
    this.#trouble = replaced(this.#name)
    this.#session = undefined
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
      const holder = await takeLock(session)
      if (holder && isSame(holder, this.#self)) {
        await endConnection(session, holder)
        throw new Error('the connection of before is not dead yet')
      }
      await this.#resolveDoubt(session)
      if (!(await isNewest(session, this.#dispatcher))) throw this.#replace(session)
      if (holder) throw serverUnavailable(this.#name, locked(this.#name, holder))
      this.#self = await whoAmI(session)
      this.#use(session)
    } catch (error) {
      session.destroy()
      throw asError(error)
    }
  }

  /** The connection that sent the commit is gone, as it has not got the lock any more: what it did is final. */
  async #resolveDoubt(session: Session): Promise<void> {
    const doubt = this.#doubt
    if (!doubt) return
    const isRecorded = (await markOf(session, this.#dispatcher)) === doubt.mark
    doubt.end(isRecorded ? undefined : this.#trouble)
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

/** The write that has the statement; a statement that is ours is nobody's fault among them. */
function blame(writes: readonly PostgresWrite[], { index, reason }: StatementFailed): unknown {
  let end = 0
  const owner = index < 0 ? -1 : writes.findIndex(({ statements }) => index < (end += statements.length))
  return owner < 0 ? reason : new CommitFailed(owner, reason)
}
