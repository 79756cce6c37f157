/** Hands work out. */
import { isPublic } from '../../../runtime/contract/function-spec.js'
import type { Claim, ClaimRequest } from '../database.js'
import { isLaneOf, laneOf } from '../lanes.js'
import { ADD_MOVE, move } from '../sql/rows.js'
import type { Connection } from './connection.js'

interface First {
  seq: number
  spill_at?: number
}

/** Counts no further than it must. */
const RUNNING = `
  SELECT count(*) AS running FROM
    (SELECT 1 FROM invocations WHERE function = ? AND state = 'running' LIMIT ?)`

const START = `
  UPDATE invocations SET state = 'running', runs_on = ?, started_at = ?, attempts = attempts + 1,
    newest_attempt = newest_attempt + 1, ${ADD_MOVE}
  WHERE seq = ?
  RETURNING id, newest_attempt, input`

/** A lane that is empty need not be looked at. */
const LANES = `
  SELECT lane FROM counts WHERE function = ? AND release = ? AND phase = 'ready' AND count > 0`

const FIRST = `
  SELECT seq FROM invocations WHERE function = :name AND release = :release AND eligible = :lane AND phase = 'ready'
  ORDER BY seq LIMIT 1`

const FIRST_DUE = `
  SELECT seq, spill_at FROM invocations
  WHERE function = :name AND release = :release AND eligible = :lane AND phase = 'ready' AND spill_at <= :now
  ORDER BY spill_at, seq LIMIT 1`

/** The claim may have waited here for longer than what it comes after: times in the record are in their order. */
const STARTS_AT = `
  SELECT max(?, accepted_at, coalesce((SELECT max(ended_at) FROM attempts WHERE invocation = id), 0)) AS at
  FROM invocations WHERE seq = ?`

const ATTEMPT = `
  INSERT INTO attempts (invocation, number, backend, worker, started_at, lease_until) VALUES (?, ?, ?, ?, ?, ?)`

export function claim(connection: Connection, request: ClaimRequest): Claim | undefined {
  if (isFull(connection, request)) return undefined
  const seq = next(connection, request)
  if (seq === undefined) return undefined
  const { backend } = request
  const { at } = connection.get<{ at: number }>(STARTS_AT, [request.now, seq])!
  const started = connection.get<{ id: string; newest_attempt: number; input: string }>(START, [
    laneOf({ eligible: [backend], spillAt: at }),
    at,
    move(at, 'running'),
    seq,
  ])!
  const { id, newest_attempt: number } = started
  connection.run(ATTEMPT, [id, number, backend, request.worker, at, request.leaseUntil])
  return { invocation: id, attempt: number, input: JSON.parse(started.input) as Claim['input'] }
}

/** A look at each lane costs the same however much waits in it. */
function next(connection: Connection, { function: name, release, backend, now }: ClaimRequest): number | undefined {
  const lanes = connection.all<{ lane: number }>(LANES, [name, release]).map(({ lane }) => lane)
  const firsts = lanes
    .filter((lane) => isLaneOf(lane, backend))
    .flatMap((lane) =>
      isPublic(backend)
        ? connection.all<First>(FIRST_DUE, { name, release, lane, now })
        : connection.all<First>(FIRST, { name, release, lane }),
    )
  return firsts.toSorted((a, b) => (a.spill_at ?? 0) - (b.spill_at ?? 0) || a.seq - b.seq)[0]?.seq
}

function isFull(connection: Connection, { function: name, concurrency }: ClaimRequest): boolean {
  if (concurrency === undefined) return false
  return connection.get<{ running: number }>(RUNNING, [name, concurrency])!.running >= concurrency
}
