/** Cancels work that waits or runs; what is being published is past that point. */
import { CAUSES } from '../../../runtime/contract/outcome.js'
import { ADD_MOVE, move } from './rows.js'
import type { Statement, Write } from './statement.js'

/** Ended attempts are fenced from here on. */
const END_ATTEMPTS = `
  UPDATE attempts SET ended_at = ?, cause = 'cancelled', message = ?
  WHERE ended_at IS NULL AND publishing IS NULL`

/** After the attempts: one that has no end is being published. Counted, so that no planner makes a join of it. */
const CANCEL = `
  UPDATE invocations SET state = 'cancelled', not_before = 0, ended_at = ?, cause = 'cancelled', message = ?, ${ADD_MOVE}
  WHERE state IN ('queued', 'running')
    AND (SELECT count(*) FROM attempts WHERE invocation = id AND ended_at IS NULL) = 0`

const REMOVE = 'UPDATE functions SET removed_at = ? WHERE name = ? AND removed_at IS NULL'

const IS_THERE = 'EXISTS (SELECT 1 FROM functions WHERE name = ? AND removed_at IS NULL)'

export function cancel(id: string, now: number): Write<'cancelled' | 'refused' | 'unknown'> {
  const why = CAUSES.cancelled.meaning
  return {
    statements: [
      { sql: `${END_ATTEMPTS} AND invocation = ?`, values: [now, why, id] },
      { sql: `${CANCEL} AND id = ?`, values: [now, why, move(now, 'cancelled', why), id] },
      exists(id),
    ],
    read: ([, cancelled, found]) =>
      found!.rows.length === 0 ? 'unknown' : cancelled!.changes > 0 ? 'cancelled' : 'refused',
  }
}

/** Marks the function as removed and cancels its work; nothing happens when it is not there. */
export function removeFunction(name: string, now: number): Write<boolean> {
  const why = 'the function was removed'
  const isOf = '(SELECT function FROM invocations WHERE id = invocation) = ?'
  return {
    statements: [
      { sql: `${END_ATTEMPTS} AND ${isOf} AND ${IS_THERE}`, values: [now, why, name, name] },
      {
        sql: `${CANCEL} AND function = ? AND ${IS_THERE}`,
        values: [now, why, move(now, 'cancelled', why), name, name],
      },
      { sql: REMOVE, values: [now, name] },
    ],
    read: ([, , removed]) => removed!.changes > 0,
  }
}

export const exists = (id: string): Statement => ({ sql: 'SELECT 1 FROM invocations WHERE id = ?', values: [id] })
