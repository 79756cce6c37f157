/** Cancels work that waits or runs; what is being published is past that point. */
import { CAUSES } from '../../../runtime/contract/outcome.js'
import type { Connection } from './connection.js'
import { move } from './rows.js'

const CAN_BE_CANCELLED = `
  state IN ('queued', 'running')
  AND NOT EXISTS (SELECT 1 FROM attempts WHERE invocation = id AND ended_at IS NULL AND publishing IS NOT NULL)`

const CANCEL = `
  UPDATE invocations SET state = 'cancelled', not_before = 0, ended_at = :now, cause = 'cancelled', message = :message,
    moves = json_insert(moves, '$[#]', json(:move))`

const END_ATTEMPT = `
  UPDATE attempts SET ended_at = ?, cause = 'cancelled', message = ? WHERE invocation = ? AND ended_at IS NULL`

interface Cancellation {
  now: number
  /** Which invocations, as SQL. */
  where: string
  value: string
  why: string
}

export function cancel(connection: Connection, id: string, now: number): 'cancelled' | 'refused' | 'unknown' {
  if (!connection.get('SELECT 1 FROM invocations WHERE id = ?', [id])) return 'unknown'
  const cancelled = cancelWhere(connection, { now, where: 'id = :value', value: id, why: CAUSES.cancelled.meaning })
  return cancelled > 0 ? 'cancelled' : 'refused'
}

export function cancelWorkOf(connection: Connection, name: string, now: number): void {
  cancelWhere(connection, { now, where: 'function = :value', value: name, why: 'the function was removed' })
}

/** Ended attempts are fenced from here on. */
function cancelWhere(connection: Connection, { now, where, value, why }: Cancellation): number {
  const cancelled = connection.all<{ id: string; newest_attempt: number }>(
    `${CANCEL} WHERE ${where} AND ${CAN_BE_CANCELLED} RETURNING id, newest_attempt`,
    { now, value, message: why, move: move(now, 'cancelled', why) },
  )
  for (const { id, newest_attempt } of cancelled) {
    if (newest_attempt > 0) connection.run(END_ATTEMPT, [now, why, id])
  }
  return cancelled.length
}
