/** Hands work out, and takes back what nobody got to see. */
import type { AttemptRef, Claim, ClaimRequest, Held } from '../database.js'
import { held, IS_HELD, key } from './attempts.js'
import type { Connection } from './connection.js'
import { move } from './rows.js'

/** Counts no further than it must. */
const RUNNING = `
  SELECT count(*) AS running FROM
    (SELECT 1 FROM invocations WHERE function = ? AND state = 'running' LIMIT ?)`

const START = `
  UPDATE invocations SET state = 'running', started_at = ?, attempts = attempts + 1,
    newest_attempt = newest_attempt + 1, moves = json_insert(moves, '$[#]', json(?))
  WHERE seq = (
    SELECT seq FROM invocations WHERE function = ? AND release = ? AND phase = 'ready' ORDER BY seq LIMIT 1
  )
  RETURNING id, newest_attempt, input`

const ATTEMPT = `
  INSERT INTO attempts (invocation, number, backend, worker, started_at, lease_until) VALUES (?, ?, ?, ?, ?, ?)`

const GIVE_BACK = `
  UPDATE invocations SET state = 'queued', attempts = attempts - 1, moves = json_insert(moves, '$[#]', json(?)),
    started_at = (SELECT max(started_at) FROM attempts WHERE invocation = id)
  WHERE id = ?`

export function claim(connection: Connection, request: ClaimRequest): Claim | undefined {
  if (isFull(connection, request)) return undefined
  const { function: name, release, now } = request
  const started = connection.get<{ id: string; newest_attempt: number; input: string }>(START, [
    now,
    move(now, 'running'),
    name,
    release,
  ])
  if (!started) return undefined
  const { id, newest_attempt: number } = started
  connection.run(ATTEMPT, [id, number, request.backend, request.worker, now, request.leaseUntil])
  return { invocation: id, attempt: number, input: JSON.parse(started.input) as Claim['input'] }
}

/** The number is not given to another attempt: nobody can be sure what the worker saw. */
export function unclaim(connection: Connection, attempt: AttemptRef, now: number): Held {
  const deleted = connection.run(`DELETE FROM attempts WHERE ${IS_HELD}`, key(attempt))
  if (deleted > 0) connection.run(GIVE_BACK, [move(now, 'queued', 'no worker got to see it'), attempt.invocation])
  return held(deleted)
}

function isFull(connection: Connection, { function: name, concurrency }: ClaimRequest): boolean {
  if (concurrency === undefined) return false
  return connection.get<{ running: number }>(RUNNING, [name, concurrency])!.running >= concurrency
}
