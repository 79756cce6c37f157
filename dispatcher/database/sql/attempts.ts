/** Which attempt is held, and what is known of those that run. */
import type { AttemptRef, Held, RunningAttempt } from '../database.js'
import { running, type RunningRow } from './rows.js'
import { many, one, type Query, type Statement, type Write } from './statement.js'

/** An attempt has no end while, and only while, it is the newest of a running invocation. */
export const IS_HELD = 'invocation = ? AND number = ? AND ended_at IS NULL'

const SELECT = `
  SELECT a.invocation, a.number, i.function, i.release, a.backend, a.worker, a.started_at, a.lease_until,
    i.faults, i.losses, i.input, a.publishing
  FROM attempts a JOIN invocations i ON i.id = a.invocation
  WHERE a.ended_at IS NULL`

export const runningAttempt = (ref: AttemptRef): Query<RunningAttempt | undefined> =>
  one<RunningRow, RunningAttempt>(`${SELECT} AND a.invocation = ? AND a.number = ?`, key(ref), running)

export function runningAttempts(leaseBefore?: number): Query<RunningAttempt[]> {
  const lost = leaseBefore === undefined ? '' : 'AND a.lease_until < ? AND a.publishing IS NULL'
  const values = leaseBefore === undefined ? [] : [leaseBefore]
  return many<RunningRow, RunningAttempt>(`${SELECT} ${lost} ORDER BY a.started_at, a.invocation`, values, running)
}

export const renewLease = (ref: AttemptRef, leaseUntil: number): Write<Held> =>
  ifHeld({ sql: `UPDATE attempts SET lease_until = ? WHERE ${IS_HELD}`, values: [leaseUntil, ...key(ref)] })

export const key = ({ invocation, attempt }: AttemptRef): [string, number] => [invocation, attempt]

/** The last statement is the one that changes the attempt, and it does so only while it is held. */
export const ifHeld = (...statements: Statement[]): Write<Held> => ({
  statements,
  read: (answers) => (answers.at(-1)!.changes > 0 ? 'held' : 'fenced'),
})
