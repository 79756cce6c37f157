/**
 * The dispatchers that have a database open. Each holds a lock of its number for as long as the connection lasts that all
 * its writes go through: who has lost that connection can write nothing, and everybody can see that it is gone.
 */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Session } from './session.js'

/** "SPILLWAY" in two numbers: held by who is just opening the database. */
const DOOR = `${0x5350494c}, ${0x4c574159}`

/** First numbers of locks, the second says whose or what. */
const MEMBER = 0x53505731
const DUTY = 0x53505732
const WRITING = 0x53505733

/** https://www.postgresql.org/docs/current/view-pg-locks.html: subid 2 is a lock of two numbers. */
const HERE = `l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Numbers of the members. */
export const MEMBERS = `SELECT l.objid::bigint FROM pg_locks l WHERE ${HERE} AND l.classid = ${MEMBER}`

const PROGRAM = 'a.pid, a.backend_start::text AS since, a.application_name AS program, a.client_addr::text AS address'

const AT_THE_DOOR = `
  SELECT ${PROGRAM} FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE ${HERE} AND (l.classid::bigint, l.objid::bigint) = (${DOOR})`

const OF_ANOTHER_TEAM = `
  SELECT ${PROGRAM} FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN dispatchers d ON d.number = l.objid::bigint
  WHERE ${HERE} AND l.classid = ${MEMBER} AND d.team <> ? LIMIT 1`

const HOLDER = `SELECT l.pid FROM pg_locks l WHERE ${HERE} AND l.classid = ${MEMBER} AND l.objid::bigint = ?`

/** Writers of one database take turns: two that wait for each other's rows would be found out a second later only. */
export const TAKE_TURN = { sql: `SELECT pg_advisory_xact_lock(${WRITING}, 0)`, values: [] }

/** A connection as the server knows it. */
interface Program {
  pid: number
  /** Of another user's connection not everybody may see more than the number. */
  since: string | null
  program: string | null
  /** Null on a socket of the server's machine, too. */
  address: string | null
}

/** One opens the database at a time; throws `database-locked` when the one before does not get through. */
export async function enter<T>(session: Session, name: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    if (await isTaken(session, `pg_try_advisory_lock(${DOOR})`)) break
    const [before] = await rows<Program>(session, AT_THE_DOOR)
    if (before) throw inUse(name, before, 'that lets no other one in: it is just starting, or of an older version')
  }
  const result = await work()
  await session.query({ sql: `SELECT pg_advisory_unlock(${DOOR})`, values: [] })
  return result
}

/** Throws when a dispatcher of another team has the database open. */
export async function mustBeOfTeam(session: Session, name: string, team: string): Promise<void> {
  const [other] = await rows<Program>(session, OF_ANOTHER_TEAM, [team])
  if (other) throw inUse(name, other, 'that has another SPILLWAY_WORKER_SECRET; those that share a database share that')
}

export async function mustBeAlone(session: Session, name: string): Promise<void> {
  const members = await rows<object>(session, MEMBERS)
  if (members.length === 0) return
  throw new SpillwayError(
    'database-locked',
    `${name} is in use by ${members.length} dispatcher(s) of an older version of Spillway. Stop all of them, then start this one.`,
  )
}

/** False while a connection of before still has it: that one is ended. */
export async function becomeMember(session: Session, number: number): Promise<boolean> {
  if (await isTaken(session, `pg_try_advisory_lock(${MEMBER}, ${number})`)) return true
  await cutOff(session, number)
  return false
}

/** Ends the connection of a member, which so is none any more. */
export async function cutOff(session: Pick<Session, 'query'>, number: number): Promise<void> {
  await session.query({ sql: `SELECT pg_terminate_backend(pid) FROM (${HOLDER}) AS holder`, values: [number] })
}

/** Whether this connection has the duty now; it has it until it ends. */
export const takeDuty = (session: Session, duty: string): Promise<boolean> =>
  isTaken(session, `pg_try_advisory_lock(${DUTY}, hashtext(?))`, [duty])

async function isTaken(session: Session, lock: string, values: string[] = []): Promise<boolean> {
  const [row] = await rows<{ taken: boolean }>(session, `SELECT ${lock} AS taken`, values)
  return row!.taken
}

const inUse = (name: string, holder: Program, why: string): SpillwayError =>
  new SpillwayError(
    'database-locked',
    `${name} is in use by another dispatcher (${describe(holder)}) ${why}. ` +
      'Stop that one, or give this one a database of its own.',
    { database: name, holder: describe(holder) },
  )

const describe = ({ pid, since, program, address }: Program): string =>
  [
    program || 'a program of another user',
    ...(address === null ? [] : [`at ${address}`]),
    ...(since === null ? [] : [`connected since ${since}`]),
    `backend ${pid}`,
  ].join(', ')

async function rows<Row>(session: Session, sql: string, values: string[] = []): Promise<Row[]> {
  return (await session.query({ sql, values })).rows as Row[]
}
