/**
 * Every dispatcher that opens the database has a number, and every commit of it raises its mark. So after a connection
 * is lost in the middle of a commit, the mark tells whether it happened; and a newer number tells that another
 * dispatcher has taken over.
 */
import type { Session } from './session.js'
import type { PostgresStatement } from './statements.js'

/** Dispatchers whose marks are kept: the doubt of a dispatcher is over long before that many came after it. */
const KEPT = 100

const FORGET = 'DELETE FROM dispatchers WHERE number <= (SELECT max(number) FROM dispatchers) - ?'

const REGISTER = 'INSERT INTO dispatchers (mark) VALUES (0) RETURNING number'

export async function registerDispatcher(session: Session): Promise<number> {
  await session.query({ sql: FORGET, values: [KEPT] })
  const { rows } = await session.query({ sql: REGISTER, values: [] })
  return (rows[0] as { number: number }).number
}

/** Changes one row, as long as this is the dispatcher that the database was opened by last. */
export const raiseMark = (dispatcher: number, mark: number): PostgresStatement => ({
  sql: 'UPDATE dispatchers SET mark = ? WHERE number = ?',
  values: [mark, dispatcher],
})

/** Undefined when the database does not know the dispatcher: it is not the one that it was. */
export async function markOf(session: Session, dispatcher: number): Promise<number | undefined> {
  const { rows } = await session.query({ sql: 'SELECT mark FROM dispatchers WHERE number = ?', values: [dispatcher] })
  return (rows[0] as { mark: number } | undefined)?.mark
}

export async function isNewest(session: Session, dispatcher: number): Promise<boolean> {
  const { rows } = await session.query({ sql: 'SELECT max(number) AS newest FROM dispatchers', values: [] })
  return (rows[0] as { newest: number | null }).newest === dispatcher
}
