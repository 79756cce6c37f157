/** Hands work out: the oldest that the back-end may take. */
import { isPublic } from '../../../runtime/contract/function-spec.js'
import type { Claim, ClaimRequest } from '../database.js'
import { laneOf, lanesFor } from '../lanes.js'
import type { Answer } from '../sql/statement.js'
import type { PostgresStatement, PostgresValue } from './statements.js'
import type { PostgresWrite } from './writer.js'

/** Until the end of the transaction nobody else starts work of the function: order and limit are exact. */
const ALONE = 'SELECT pg_advisory_xact_lock(hashtextextended(?, 0))'

const HAS_ROOM = `WHERE (SELECT coalesce(sum(count), 0) FROM counts WHERE phase = 'running' AND function = ?) < ?`

/** The claim may have waited here for longer than what it comes after: times in the record are in their order. */
const STARTS_AT = `
  greatest(?::bigint, first.accepted_at, (SELECT max(ended_at) FROM attempts WHERE invocation = first.id))`

/** As `move` writes it. */
const ADD_RUNNING = `moves = substr(moves, 1, length(moves) - 1) || ',{"at":' || oldest.starts_at || ',"to":"running"}]'`

/** A look at each lane costs the same however much waits in it. What somebody else is just changing is passed by. */
const claimSql = ({ isDue, hasRoom }: { isDue: boolean; hasRoom: boolean }) => `
  WITH oldest AS (
    SELECT first.id, ${STARTS_AT} AS starts_at FROM unnest(?::integer[]) AS wanted CROSS JOIN LATERAL (
      SELECT id, seq, spill_at, accepted_at FROM invocations
      WHERE function = ? AND release = ? AND eligible = wanted AND phase = 'ready' ${isDue ? 'AND spill_at <= ?' : ''}
      ORDER BY ${isDue ? 'spill_at, seq' : 'seq'} LIMIT 1
      FOR UPDATE SKIP LOCKED
    ) AS first
    ${hasRoom ? HAS_ROOM : ''}
    ORDER BY ${isDue ? 'spill_at, seq' : 'seq'} LIMIT 1
  ), started AS (
    UPDATE invocations i SET state = 'running', runs_on = ?, started_at = oldest.starts_at, attempts = attempts + 1,
      newest_attempt = newest_attempt + 1, ${ADD_RUNNING}
    FROM oldest WHERE i.id = oldest.id
    RETURNING i.id, i.newest_attempt, i.input, i.started_at
  ), attempt AS (
    INSERT INTO attempts (invocation, number, backend, worker, started_at, lease_until, dispatcher)
    SELECT id, newest_attempt, ?, ?, started_at, ?::bigint, ?::bigint FROM started
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
  return {
    sql: claimSql({ isDue: due.length > 0, hasRoom: room.length > 0 }),
    values: [
      now,
      lanesFor(backend),
      name,
      release,
      ...due,
      ...room,
      laneOf({ eligible: [backend], spillAt: now }),
      backend,
      worker,
      leaseUntil,
      dispatcher,
    ],
  }
}

function claimOf(answers: readonly Answer[]): Claim | undefined {
  const [row] = answers.at(-1)!.rows as { id: string; number: number; input: string }[]
  return row && { invocation: row.id, attempt: row.number, input: JSON.parse(row.input) as Claim['input'] }
}
