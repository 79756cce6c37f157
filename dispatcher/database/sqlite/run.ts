/** Runs what is the same for every database on a connection to an SQLite file. */
import type { Answer, Query, Statement, Write } from '../sql/statement.js'
import type { Connection } from './connection.js'

/** May be run more than once; only what the last run did is kept. */
export type Operation<T> = (connection: Connection) => T

export const read = <T>(connection: Connection, { sql, values, read: readRows }: Query<T>): T =>
  readRows(connection.all(sql, [...values]))

export const perform =
  <T>({ statements, read: readAnswers }: Write<T>): Operation<T> =>
  (connection) =>
    readAnswers(statements.map((statement) => answer(connection, statement)))

/** Nothing of what we write to an SQLite file both changes rows and gives them back. */
function answer(connection: Connection, { sql, values }: Statement): Answer {
  if (/^\s*SELECT\b/.test(sql)) return { rows: connection.all(sql, [...values]), changes: 0 }
  return { rows: [], changes: connection.run(sql, [...values]) }
}
