/** Which attempt is held, and what is known of those that run. */
import type { AttemptRef, Held, RunningAttempt } from '../database.js'
import type { Connection, Value } from './connection.js'
import { running, type RunningRow } from './rows.js'

/** An attempt has no end while, and only while, it is the newest of a running invocation. */
export const IS_HELD = 'invocation = ? AND number = ? AND ended_at IS NULL'

const SELECT = `
  SELECT a.invocation, a.number, i.function, i.release, a.backend, a.worker, a.started_at, a.lease_until,
    i.faults, i.losses, i.input, a.publishing
  FROM attempts a JOIN invocations i ON i.id = a.invocation
  WHERE a.ended_at IS NULL`

export function runningAttempt(
  connection: Connection,
  { invocation, attempt }: AttemptRef,
): RunningAttempt | undefined {
  const row = connection.get<RunningRow>(`${SELECT} AND a.invocation = ? AND a.number = ?`, [invocation, attempt])
  return row && running(row)
}

export function runningAttempts(connection: Connection, leaseBefore?: number): RunningAttempt[] {
  const lost = leaseBefore === undefined ? '' : 'AND a.lease_until < ? AND a.publishing IS NULL'
  const values: Value[] = leaseBefore === undefined ? [] : [leaseBefore]
  return connection.all<RunningRow>(`${SELECT} ${lost} ORDER BY a.started_at, a.invocation`, values).map(running)
}

export const renewLease = (connection: Connection, ref: AttemptRef, leaseUntil: number): Held =>
  held(connection.run(`UPDATE attempts SET lease_until = ? WHERE ${IS_HELD}`, [leaseUntil, ...key(ref)]))

export const key = ({ invocation, attempt }: AttemptRef): [string, number] => [invocation, attempt]

export const held = (changes: number): Held => (changes > 0 ? 'held' : 'fenced')
