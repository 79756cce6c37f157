/** Hands work out: the oldest that the back-end may take. */
import { isPublic } from '../../../runtime/contract/function-spec.js'
import type { Claim, ClaimRequest } from '../database.js'
import { laneOf, lanesFor } from '../lanes.js'
import { ADD_MOVE, move } from '../sql/rows.js'
import type { Answer } from '../sql/statement.js'
import type { PostgresStatement, PostgresValue } from './statements.js'
import type { PostgresWrite } from './writer.js'

/** Until the end of the transaction nobody else starts work of the function: order and limit are exact. */
const ALONE = 'SELECT pg_advisory_xact_lock(hashtextextended(?, 0))'

const HAS_ROOM = `WHERE (SELECT coalesce(sum(count), 0) FROM counts WHERE phase = 'running' AND function = ?) < ?`

/** A look at each lane costs the same however much waits in it. What somebody else is just changing is passed by. */
const claimSql = ({ isDue, hasRoom }: { isDue: boolean; hasRoom: boolean }) => `
  WITH oldest AS (
    SELECT first.id FROM unnest(?::integer[]) AS wanted CROSS JOIN LATERAL (
      SELECT id, seq, spill_at FROM invocations
      WHERE function = ? AND release = ? AND eligible = wanted AND phase = 'ready' ${isDue ? 'AND spill_at <= ?' : ''}
      ORDER BY ${isDue ? 'spill_at, seq' : 'seq'} LIMIT 1
      FOR UPDATE SKIP LOCKED
    ) AS first
    ${hasRoom ? HAS_ROOM : ''}
    ORDER BY ${isDue ? 'spill_at, seq' : 'seq'} LIMIT 1
  ), started AS (
    UPDATE invocations i SET state = 'running', runs_on = ?, started_at = ?, attempts = attempts + 1,
      newest_attempt = newest_attempt + 1, ${ADD_MOVE}
    FROM oldest WHERE i.id = oldest.id
    RETURNING i.id, i.newest_attempt, i.input
  ), attempt AS (
    INSERT INTO attempts (invocation, number, backend, worker, started_at, lease_until, dispatcher)
    SELECT id, newest_attempt, ?, ?, ?::bigint, ?::bigint, ?::bigint FROM started
  )
  SELECT id, newest_attempt AS number, input FROM started`

/** `dispatcher`: number of the one that looks after the attempt. */
export function claim(request: ClaimRequest, dispatcher: number): PostgresWrite<Claim | undefined> {
  return { statements: [{ sql: ALONE, values: [request.function] }, start(request, dispatcher)], read: claimOf }
}

function start(request: ClaimRequest, dispatcher: number): PostgresStatement {
  const { function: name, release, backend, worker, concurrency, now, leaseUntil } = request
  const due: PostgresValue[] = isPublic(backend) ? [now] : []
  const room = concurrency === undefined ? [] : [name, concurrency]
  const running = [laneOf({ eligible: [backend], spillAt: now }), now, move(now, 'running')]
  return {
    sql: claimSql({ isDue: due.length > 0, hasRoom: room.length > 0 }),
    values: [
      lanesFor(backend),
      name,
      release,
      ...due,
      ...room,
      ...running,
      backend,
      worker,
      now,
      leaseUntil,
      dispatcher,
    ],
  }
}

function claimOf(answers: readonly Answer[]): Claim | undefined {
  const [row] = answers.at(-1)!.rows as { id: string; number: number; input: string }[]
  return row && { invocation: row.id, attempt: row.number, input: JSON.parse(row.input) as Claim['input'] }
}
