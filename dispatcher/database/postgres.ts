/** The Database on a PostgreSQL server: for dispatchers that may move from machine to machine, and be several. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { AcceptAnswer, ClaimRequest, Database, Identified, NewInvocation, NewRelease } from './database.js'
import { CommitFailed, GroupCommit, type Outcome } from './group-commit.js'
import { readPostgresUrl } from './postgres/address.js'
import { known } from './postgres/accept.js'
import { claim } from './postgres/claim.js'
import { apart, fuse, type Fused, type Work } from './postgres/fuse.js'
import { putRelease } from './postgres/put-release.js'
import { Readers } from './postgres/readers.js'
import { cannotOpen } from './postgres/refusal.js'
import { PostgresShared } from './postgres/shared.js'
import { Wire } from './postgres/wire.js'
import type { PostgresValue } from './postgres/statements.js'
import { Writer, type PostgresWrite } from './postgres/writer.js'
import { closed } from './refusal.js'
import type { Query } from './sql/statement.js'
import { SqlDatabase, type Engine } from './sql-database.js'

export interface PostgresOptions {
  /** Dispatchers that say the same may have the database open at once; one that says nothing has it alone. */
  team?: string
  /** Goes before the one of the URL. */
  password?: string
  /** Least time between two tries to connect. */
  retryEveryMs?: number
  /** Longest wait for an answer of the server. */
  answerTimeoutMs?: number
  /** How long callers wait for somebody to look whether their commit has happened. */
  doubtMs?: number
  /** How long a server that is starting, and others that are in the way, are waited for at first. */
  patienceMs?: number
}

const RETRY_EVERY_MS = 1000
/** Longer than a server needs to start again; short enough for a dispatcher that is told to stop meanwhile. */
const DOUBT_MS = 15_000
const PATIENCE_MS = 3000
const LOOK_EVERY_MS = 100

export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Database> {
  const { password, retryEveryMs = RETRY_EVERY_MS, doubtMs = DOUBT_MS, patienceMs = PATIENCE_MS, ...rest } = options
  const { team = randomUUID(), answerTimeoutMs } = rest
  const address = readPostgresUrl(url, password)
  const session = { address, answerTimeoutMs }
  const writer = await patiently(() => Writer.open({ ...session, team, retryEveryMs, doubtMs }), {
    name: address.name,
    patienceMs,
  })
  const wire = new Wire({ ...session, retryEveryMs })
  return new SqlDatabase(new PostgresEngine({ name: address.name, writer, readers: new Readers(session), wire }))
}

async function patiently<T>(
  open: () => Promise<T>,
  { name, patienceMs }: { name: string; patienceMs: number },
): Promise<T> {
  const until = performance.now() + patienceMs
  for (;;) {
    try {
      return await open()
    } catch (thrown) {
      const error = cannotOpen(name, thrown)
      if (!mayPass(error) || performance.now() > until) throw error
      await delay(LOOK_EVERY_MS)
    }
  }
}

const mayPass = (error: Error): boolean =>
  error instanceof SpillwayError && (error.retryable || error.code === 'database-locked')

const NOTHING: PostgresWrite<void> = { statements: [], read: () => undefined }

interface Connections {
  name: string
  writer: Writer
  readers: Readers
  wire: Wire
}

class PostgresEngine implements Engine {
  readonly dispatcher: number
  readonly shared: PostgresShared
  readonly #name: string
  readonly #writer: Writer
  readonly #readers: Readers
  readonly #wire: Wire
  readonly #queue: GroupCommit<Work>
  #closing: Promise<void> | undefined

  constructor({ name, writer, readers, wire }: Connections) {
    this.dispatcher = writer.number
    this.shared = new PostgresShared({ engine: this, writer, wire })
    this.#name = name
    this.#writer = writer
    this.#readers = readers
    this.#wire = wire
    this.#queue = new GroupCommit((work) => this.#commit(work, fuse(work)), nextTurn)
  }

  putRelease = (release: NewRelease) => this.write(putRelease(release))
  accept = (work: NewInvocation[]) => this.#enter<AcceptAnswer[]>({ accept: work })
  known = (work: readonly Identified[]) => this.read(known(work))
  claim = (request: ClaimRequest) => this.write(claim(request, this.dispatcher))

  write = <T>(write: PostgresWrite<T>) => this.#enter<T>({ write })

  async read<T>(query: Query<T, PostgresValue>): Promise<T> {
    if (this.#closing) throw closed(this.#name)
    await this.#queue.idle()
    return this.#readers.read(query)
  }

  async healthy(): Promise<boolean> {
    try {
      await this.write(NOTHING)
      return true
    } catch {
      return false
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #enter<T>(work: Work): Promise<T> {
    if (this.#closing) throw closed(this.#name)
    if (this.#writer.trouble) throw this.#writer.trouble
    return this.#queue.write(work)
  }

  async #commit(work: readonly Work[], fused: Fused[]): Promise<Outcome[]> {
    try {
      const outcomes = await this.#writer.commit(fused.map(({ write }) => write))
      return fused.flatMap(({ size }, index) => Array.from({ length: size }, (_, own) => partOf(outcomes[index]!, own)))
    } catch (error) {
      if (!(error instanceof CommitFailed)) throw error
      if (fused.length < work.length) return this.#commit(work, apart(work))
      throw error
    }
  }

  async #close(): Promise<void> {
    await this.#queue.idle()
    await this.#wire.close()
    await this.#readers.close()
    await this.#writer.close()
  }
}

const partOf =
  (outcome: Outcome, index: number): Outcome =>
  async () =>
    ((await outcome()) as Outcome[])[index]!()

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
