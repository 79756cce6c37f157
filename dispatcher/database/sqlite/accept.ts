/** Takes work in: each piece once. */
import type { State } from '../../../runtime/contract/invocation.js'
import type { AcceptAnswer, Identified, NewInvocation } from '../database.js'
import { arrival, ARRIVAL_COLUMNS, bodyDigest, firstState, noSuchRelease } from '../sql/arrivals.js'
import type { Connection } from './connection.js'

const INSERT = `
  INSERT INTO invocations (${ARRIVAL_COLUMNS}) VALUES (${ARRIVAL_COLUMNS.replaceAll(/\w+/g, '?')})
  ON CONFLICT (function, identity) WHERE identity IS NOT NULL DO NOTHING`

const FIND = 'SELECT id, body_digest, state FROM invocations WHERE function = ? AND identity = ?'

const RELEASE = `
  SELECT 1 FROM functions f JOIN releases r ON r.function = f.name AND r.number = ?
  WHERE f.name = ? AND f.removed_at IS NULL`

export const accept = (connection: Connection, work: NewInvocation[]): AcceptAnswer[] =>
  work.map((invocation) => acceptOne(connection, invocation))

export const known = (connection: Connection, work: readonly Identified[]): boolean[] =>
  work.map(({ function: name, identity }) => connection.get(FIND, [name, identity]) !== undefined)

function acceptOne(connection: Connection, work: NewInvocation): AcceptAnswer {
  if (!connection.get(RELEASE, [work.release, work.function])) throw noSuchRelease(work)
  if (connection.run(INSERT, [...arrival(work)]) === 0) return duplicateOf(connection, work)
  if (work.body) connection.run('INSERT INTO bodies (invocation, content) VALUES (?, ?)', [work.id, work.body])
  return { id: work.id, duplicate: false, sameBody: true, state: firstState(work) }
}

function duplicateOf(connection: Connection, work: NewInvocation): AcceptAnswer {
  const first = connection.get<{ id: string; body_digest: string | null; state: State }>(FIND, [
    work.function,
    work.identity,
  ])!
  return { id: first.id, duplicate: true, sameBody: first.body_digest === bodyDigest(work), state: first.state }
}
