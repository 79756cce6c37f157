/** Takes work in: each piece once. */
import { createHash } from 'node:crypto'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { State } from '../../../runtime/contract/invocation.js'
import type { AcceptAnswer, NewInvocation } from '../database.js'
import { laneOf } from '../lanes.js'
import type { Connection } from './connection.js'

const INSERT = `
  INSERT INTO invocations
    (id, function, release, state, identity, body_digest, accepted_at, input, decision, eligible,
      spill_at, moves, ended_at, cause, message)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (function, identity) WHERE identity IS NOT NULL DO NOTHING`

const FIND = 'SELECT id, body_digest, state FROM invocations WHERE function = ? AND identity = ?'

const RELEASE = `
  SELECT 1 FROM functions f JOIN releases r ON r.function = f.name AND r.number = ?
  WHERE f.name = ? AND f.removed_at IS NULL`

export const accept = (connection: Connection, work: NewInvocation[]): AcceptAnswer[] =>
  work.map((invocation) => acceptOne(connection, invocation))

export function quarantine(
  connection: Connection,
  entry: { source: string; body: Buffer; problem: string; now: number },
): void {
  connection.run('INSERT INTO quarantine (source, problem, kept_at, body) VALUES (?, ?, ?, ?)', [
    entry.source,
    entry.problem,
    entry.now,
    entry.body,
  ])
}

export const getBody = (connection: Connection, invocation: string): Buffer | undefined =>
  connection.get<{ content: Buffer }>('SELECT content FROM bodies WHERE invocation = ?', [invocation])?.content

function acceptOne(connection: Connection, work: NewInvocation): AcceptAnswer {
  if (!connection.get(RELEASE, [work.release, work.function])) throw noSuchRelease(work)
  const digest = work.body ? createHash('sha256').update(work.body).digest('hex') : null
  if (!insert(connection, work, digest)) return duplicateOf(connection, work, digest)
  if (work.body) connection.run('INSERT INTO bodies (invocation, content) VALUES (?, ?)', [work.id, work.body])
  return { id: work.id, duplicate: false, sameBody: true, state: stateOf(work) }
}

const stateOf = ({ refusal }: NewInvocation): State => (refusal ? 'failed' : 'queued')

function insert(connection: Connection, work: NewInvocation, digest: string | null): boolean {
  const { refusal, now } = work
  const changes = connection.run(INSERT, [
    work.id,
    work.function,
    work.release,
    stateOf(work),
    work.identity,
    digest,
    work.now,
    JSON.stringify(work.input),
    JSON.stringify(work.decision),
    laneOf(work.decision),
    work.decision.spillAt,
    JSON.stringify([
      { at: now, to: 'accepted' },
      { at: now, to: 'queued' },
      ...(refusal ? [{ at: now, to: 'failed', why: refusal.message }] : []),
    ]),
    refusal ? now : null,
    refusal?.cause ?? null,
    refusal?.message ?? null,
  ])
  return changes > 0
}

function duplicateOf(connection: Connection, work: NewInvocation, digest: string | null): AcceptAnswer {
  const first = connection.get<{ id: string; body_digest: string | null; state: State }>(FIND, [
    work.function,
    work.identity,
  ])!
  return { id: first.id, duplicate: true, sameBody: first.body_digest === digest, state: first.state }
}

const noSuchRelease = ({ function: name, release }: NewInvocation) =>
  new SpillwayError(
    'function-not-found',
    `There is no release ${release} of a function ${name}, or the function was removed. Register it, then send this again.`,
  )
