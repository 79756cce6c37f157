/**
 * Every dispatcher that opens the database has a number, and every commit of it raises its mark. So after a connection
 * is lost in the middle of a commit, the mark tells whether it happened; and a newer number of another team tells that
 * somebody else has taken over.
 */
import { MEMBERS } from './members.js'
import type { Session } from './session.js'
import type { PostgresStatement } from './statements.js'

/** Dispatchers whose marks are kept: the doubt of a dispatcher is over long before that many came after it. */
const KEPT = 100

const FORGET = `
  DELETE FROM dispatchers WHERE number <= (SELECT max(number) FROM dispatchers) - ? AND number NOT IN (${MEMBERS})`

const REGISTER = 'INSERT INTO dispatchers (mark, team) VALUES (0, ?) RETURNING number'

const STANDING = `
  SELECT (SELECT mark FROM dispatchers WHERE number = ?) AS mark,
    EXISTS (SELECT FROM dispatchers WHERE number > ? AND team <> ?) AS replaced,
    (SELECT max(version) FROM format) AS format`

/** `team` is the same for all that may have the database open at once. */
export async function registerDispatcher(session: Session, team: string): Promise<number> {
  await session.query({ sql: FORGET, values: [KEPT] })
  const { rows } = await session.query({ sql: REGISTER, values: [team] })
  return (rows[0] as { number: number }).number
}

/** Changes one row, as long as the database knows the dispatcher. */
export const raiseMark = (dispatcher: number, mark: number): PostgresStatement => ({
  sql: 'UPDATE dispatchers SET mark = ? WHERE number = ?',
  values: [mark, dispatcher],
})

export interface Standing {
  /** Null when the database does not know the dispatcher: it is not the one that it was. */
  mark: number | null
  /** Dispatchers of another team have had it since. */
  replaced: boolean
  /** That the database has by now: a newer Spillway may have taken over. */
  format: number
}

export async function standingOf(session: Session, number: number, team: string): Promise<Standing> {
  const { rows } = await session.query({ sql: STANDING, values: [number, number, team] })
  return rows[0] as Standing
}
