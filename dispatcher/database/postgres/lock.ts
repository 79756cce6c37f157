/** One dispatcher per database: a lock that lasts as long as the connection that all writes go through. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Session } from './session.js'

/** "SPILLWAY" in two numbers. */
const KEY = `${0x5350494c}, ${0x4c574159}`

const TRY = `SELECT pg_try_advisory_lock(${KEY}) AS taken`

/** https://www.postgresql.org/docs/current/view-pg-locks.html: subid 2 is a lock of two numbers. */
const HOLDER = `
  SELECT a.pid, a.backend_start::text AS since, a.application_name AS program, a.client_addr::text AS address
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND (l.classid::bigint, l.objid::bigint, l.objsubid) = (${KEY}, 2) AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

const SELF = `
  SELECT pid, backend_start::text AS since, application_name AS program, client_addr::text AS address
  FROM pg_stat_activity WHERE pid = pg_backend_pid()`

const END = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ? AND backend_start::text = ?'

/** A connection as the server knows it. */
export interface Holder {
  pid: number
  /** Of another user's connection not everybody may see more than the number. */
  since: string | null
  program: string | null
  /** Null on a socket of the server's machine, too. */
  address: string | null
}

/** Takes the lock; answers who has it when it was not to be had. */
export async function takeLock(session: Session): Promise<Holder | undefined> {
  for (;;) {
    const { taken } = await row<{ taken: boolean }>(session, TRY)
    if (taken) return undefined
    const { rows } = await session.query({ sql: HOLDER, values: [] })
    if (rows.length > 0) return rows[0] as Holder
  }
}

export const whoAmI = (session: Session): Promise<Holder> => row<Holder>(session, SELF)

/** Ends a connection that the server has not noticed to be dead. */
export async function endConnection(session: Session, { pid, since }: Holder): Promise<void> {
  await session.query({ sql: END, values: [pid, since] })
}

export const isSame = (one: Holder, other: Holder): boolean => one.pid === other.pid && one.since === other.since

export const locked = (name: string, holder: Holder): SpillwayError =>
  new SpillwayError(
    'database-locked',
    `${name} is in use by another dispatcher (${describe(holder)}), and a database takes one at a time. ` +
      'Stop that one, or give this one a database of its own.',
    { database: name, holder: describe(holder) },
  )

const describe = ({ pid, since, program, address }: Holder): string =>
  [
    program || 'a program of another user',
    ...(address === null ? [] : [`at ${address}`]),
    ...(since === null ? [] : [`connected since ${since}`]),
    `backend ${pid}`,
  ].join(', ')

async function row<Row>(session: Session, sql: string): Promise<Row> {
  const { rows } = await session.query({ sql, values: [] })
  return rows[0] as Row
}
