/** Queues again what failed or was cancelled, at its old place in the order of arrival. */
import { exists } from './cancel.js'
import { ADD_MOVE, move } from './rows.js'
import type { Write } from './statement.js'

const REDRIVE = `
  UPDATE invocations SET state = 'queued', not_before = 0, ended_at = NULL, faults = 0, losses = 0,
    cause = NULL, message = NULL, outputs = NULL, result = NULL, ${ADD_MOVE}`

/** A function that was removed takes in no more work, old work neither. */
const IS_THERE = 'EXISTS (SELECT 1 FROM functions WHERE name = function AND removed_at IS NULL)'

const WHY = 'redriven'

export const redrive = (id: string, now: number): Write<'redriven' | 'refused' | 'unknown'> => ({
  statements: [
    {
      sql: `${REDRIVE} WHERE id = ? AND state IN ('failed', 'cancelled') AND ${IS_THERE}`,
      values: [move(now, 'queued', WHY), id],
    },
    exists(id),
  ],
  read: ([redriven, found]) => (found!.rows.length === 0 ? 'unknown' : redriven!.changes > 0 ? 'redriven' : 'refused'),
})

export const redriveFunction = (name: string, now: number): Write<number> => ({
  statements: [
    {
      sql: `${REDRIVE} WHERE function = ? AND state = 'failed' AND ${IS_THERE}`,
      values: [move(now, 'queued', WHY), name],
    },
  ],
  read: ([redriven]) => redriven!.changes,
})
