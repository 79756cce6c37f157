/** Queues again what failed or was cancelled, at its old place in the order of arrival. */
import type { Connection } from './connection.js'
import { move } from './rows.js'

const REDRIVE = `
  UPDATE invocations SET state = 'queued', not_before = 0, ended_at = NULL, faults = 0, losses = 0,
    cause = NULL, message = NULL, outputs = NULL, result = NULL, moves = json_insert(moves, '$[#]', json(:move))`

/** A function that was removed takes in no more work, old work neither. */
const IS_THERE = 'EXISTS (SELECT 1 FROM functions WHERE name = function AND removed_at IS NULL)'

const WHY = 'redriven'

export function redrive(connection: Connection, id: string, now: number): 'redriven' | 'refused' | 'unknown' {
  if (!connection.get('SELECT 1 FROM invocations WHERE id = ?', [id])) return 'unknown'
  const sql = `${REDRIVE} WHERE id = :id AND state IN ('failed', 'cancelled') AND ${IS_THERE}`
  return connection.run(sql, { id, move: move(now, 'queued', WHY) }) > 0 ? 'redriven' : 'refused'
}

export function redriveFunction(connection: Connection, name: string, now: number): number {
  const sql = `${REDRIVE} WHERE function = :name AND state = 'failed' AND ${IS_THERE}`
  return connection.run(sql, { name, move: move(now, 'queued', WHY) })
}
