/** What dispatchers share through PostgreSQL: locks of connections, a few small tables, and NOTIFY. */
import type { BackendName } from '../../../runtime/contract/function-spec.js'
import { IS_HELD, key } from '../sql/attempts.js'
import { many, one, type Query } from '../sql/statement.js'
import type { Beat, Ear, LogChunk, Member, Shared, SharedAttempt } from '../shared.js'
import { cutOff, MEMBERS } from './members.js'
import { Pulse } from './pulse.js'
import type { PostgresValue } from './statements.js'
import type { Wire } from './wire.js'
import type { PostgresWrite, Writer } from './writer.js'

/** Chunks of a log that are read at once. */
const CHUNKS_MAX = 200

const BEAT = 'UPDATE dispatchers SET beat = beat + 1, note = ? WHERE number = ?'

const LOOK = `SELECT number, beat, note FROM dispatchers WHERE number IN (${MEMBERS}) ORDER BY number`

const FUNCTIONS = `
  SELECT coalesce(md5(string_agg(concat_ws(' ', name, current_release, removed_at), ',' ORDER BY name)), '') AS digest
  FROM functions`

/** Members are looked up in the moment of adoption: one that has come just now loses nothing. */
const ADOPT = `
  UPDATE attempts SET dispatcher = ? WHERE ended_at IS NULL AND (publishing IS NOT NULL OR backend = ANY(?))
    AND coalesce(dispatcher, 0) <> ALL(?::bigint[]) AND coalesce(dispatcher, 0) NOT IN (${MEMBERS})
  RETURNING invocation, number AS attempt`

const KEEP_GRANTS = `
  INSERT INTO grants (invocation, attempt, granted) SELECT invocation, number, ? FROM attempts WHERE ${IS_HELD}
  ON CONFLICT (invocation, attempt) DO UPDATE SET granted = excluded.granted`

const SPEND = 'INSERT INTO workers (id, noted_at, nonce) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING'

const DISMISS = `
  INSERT INTO workers (id, noted_at, dismissed) VALUES (?, ?, true)
  ON CONFLICT (id) DO UPDATE SET dismissed = true`

const WORKER = 'SELECT nonce, dismissed FROM workers WHERE id = ?'

const APPEND_LOG = 'INSERT INTO logs (invocation, lines, content) VALUES (?, ?, ?)'

const READ_LOG = `
  SELECT lines, content, upto - lines AS before FROM (
    SELECT seq, lines, content, sum(lines) OVER (ORDER BY seq) AS upto FROM logs WHERE invocation = ?
  ) AS chunks
  WHERE upto > ? ORDER BY seq LIMIT ${CHUNKS_MAX}`

const TIDY = [
  `DELETE FROM grants g WHERE NOT EXISTS (
    SELECT FROM attempts a WHERE a.invocation = g.invocation AND a.number = g.attempt AND a.ended_at IS NULL)`,
  'DELETE FROM workers WHERE noted_at < ?',
]

export interface PostgresSharedParts {
  engine: {
    read<T>(query: Query<T>): Promise<T>
    write<T>(write: PostgresWrite<T>): Promise<T>
  }
  writer: Writer
  wire: Wire
}

interface WorkerRow {
  nonce: string | null
  dismissed: boolean
}

export class PostgresShared implements Shared {
  readonly #parts: PostgresSharedParts
  readonly #pulse = new Pulse()

  constructor(parts: PostgresSharedParts) {
    this.#parts = parts
  }

  isMember = (): boolean => this.#parts.writer.trouble === undefined && this.#pulse.isFresh()

  async beat(note: string): Promise<Beat> {
    const { writer, wire } = this.#parts
    const sentAt = performance.now()
    const [, looked, functions] = await Promise.all([
      wire.query({ sql: BEAT, values: [note, writer.number] }),
      wire.query({ sql: LOOK, values: [] }),
      wire.query({ sql: FUNCTIONS, values: [] }),
    ])
    const members = looked.rows as (Member & { beat: number })[]
    const others = members.filter(({ number }) => number !== writer.number)
    if (others.length === members.length) writer.lose()
    else this.#pulse.beaten(sentAt)
    for (const silent of this.#pulse.silentOf(others)) await cutOff(wire, silent)
    return {
      members: others.map(({ number, note: said }) => ({ number, note: said })),
      functions: (functions.rows[0] as { digest: string }).digest,
    }
  }

  take = (duty: string) => this.#parts.writer.take(duty)
  holds = (duty: string): boolean => this.isMember() && this.#parts.writer.holds(duty)

  adopt = (called: readonly BackendName[]) =>
    this.#parts.engine.write<SharedAttempt[]>({
      statements: [{ sql: ADOPT, values: [this.#parts.writer.number, called, this.#pulse.lately()] }],
      read: ([adopted]) => adopted!.rows as SharedAttempt[],
    })

  keepGrants = (attempt: SharedAttempt, granted: string) =>
    this.#parts.engine.write<boolean>({
      statements: [{ sql: KEEP_GRANTS, values: [granted, ...key(attempt)] }],
      read: ([kept]) => kept!.changes > 0,
    })

  grants = (attempt: SharedAttempt) =>
    this.#parts.engine.read(
      one<{ granted: string }, string>(
        'SELECT granted FROM grants WHERE invocation = ? AND attempt = ?',
        key(attempt),
        ({ granted }) => granted,
      ),
    )

  spendStart = (worker: string, nonce: string, now: number) =>
    this.#parts.engine.write<'started' | 'spent' | 'dismissed'>({
      statements: [
        { sql: SPEND, values: [worker, now, nonce] },
        { sql: WORKER, values: [worker] },
      ],
      read: ([, found]) => {
        const { nonce: first, dismissed } = found!.rows[0] as WorkerRow
        return dismissed ? 'dismissed' : first === nonce ? 'started' : 'spent'
      },
    })

  dismiss = (worker: string, now: number) => this.#change(DISMISS, [worker, now])

  isDismissed = async (worker: string) =>
    (await this.#parts.engine.read(one<WorkerRow, boolean>(WORKER, [worker], ({ dismissed }) => dismissed))) ?? false

  appendLog = (invocation: string, { lines, content }: LogChunk) =>
    this.#change(APPEND_LOG, [invocation, lines, content])

  readLog = (invocation: string, skip: number) =>
    this.#parts.engine.read(
      many<LogChunk & { before: number }, LogChunk & { before: number }>(READ_LOG, [invocation, skip], asIs),
    )

  tidy = (workersBefore: number) =>
    this.#parts.engine.write<void>({
      statements: [
        { sql: TIDY[0]!, values: [] },
        { sql: TIDY[1]!, values: [workersBefore] },
      ],
      read: () => undefined,
    })

  listen = (ear: Ear) => this.#parts.wire.listen(ear)
  tell = (words: string) => this.#parts.wire.tell(words)

  #change(sql: string, values: PostgresValue[]): Promise<void> {
    return this.#parts.engine.write({ statements: [{ sql, values }], read: () => undefined })
  }
}

const asIs = <T>(row: T): T => row
