/** Takes work in: each piece once, all of a call or none; calls that come together in one go. */
import { createHash } from 'node:crypto'
import type { State } from '../../../runtime/contract/invocation.js'
import type { AcceptAnswer, Identified, NewInvocation } from '../database.js'
import type { Outcome } from '../group-commit.js'
import { arrival, ARRIVAL_COLUMNS, bodyDigest, firstState, noSuchRelease } from '../sql/arrivals.js'
import { many, type Answer, type Query } from '../sql/statement.js'
import type { PostgresStatement, PostgresValue } from './statements.js'
import type { PostgresWrite } from './writer.js'

const IS_THERE = `
  EXISTS (
    SELECT FROM functions f JOIN releases r ON r.function = f.name AND r.number = wanted.release
    WHERE f.name = wanted.function AND f.removed_at IS NULL
  )`

/** The last values name every release of every call: when one of them is not there, nothing of its call is inserted. */
const INSERT = `
  INSERT INTO invocations (${ARRIVAL_COLUMNS})
  SELECT ${ARRIVAL_COLUMNS} FROM unnest(
    ?::integer[], ?::text[], ?::text[], ?::integer[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::text[],
    ?::integer[], ?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::text[]
  ) WITH ORDINALITY AS work (call, ${ARRIVAL_COLUMNS}, place)
  WHERE call NOT IN (
    SELECT wanted.call FROM unnest(?::integer[], ?::text[], ?::integer[]) AS wanted (call, function, release)
    WHERE NOT ${IS_THERE}
  )
  ORDER BY place
  ON CONFLICT (function, identity) WHERE identity IS NOT NULL DO NOTHING
  RETURNING id`

const INSERT_BODIES = `
  INSERT INTO bodies (invocation, content)
  SELECT i.id, given.content FROM unnest(?::text[], ?::bytea[]) AS given (id, content) JOIN invocations i ON i.id = given.id`

const INSERT_BODY = 'INSERT INTO bodies (invocation, content) SELECT id, ?::bytea FROM invocations WHERE id = ?'

/** Bytes; larger ones travel alone, as bytes: in a list they are written as text of twice the length. */
const SMALL_BODY = 32 * 1024

/** What stands in the record for each piece of work; sees what was inserted just now, by others too. */
const LOOK = `
  SELECT found.id, found.body_digest AS digest, found.state, ${IS_THERE} AS "isThere"
  FROM unnest(?::text[], ?::integer[], ?::text[]) WITH ORDINALITY AS wanted (function, release, identity, place)
  LEFT JOIN LATERAL (
    SELECT id, body_digest, state FROM invocations i
    WHERE i.function = wanted.function AND i.identity = wanted.identity LIMIT 1
  ) AS found ON true
  ORDER BY place`

const KNOWN = `
  SELECT EXISTS (SELECT FROM invocations i WHERE i.function = wanted.function AND i.identity = wanted.identity) AS known
  FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS wanted (function, identity, place)
  ORDER BY place`

interface Found {
  id: string | null
  digest: string | null
  state: State
  isThere: boolean
}

interface Piece extends NewInvocation {
  /** Index of the call that it came with. */
  call: number
}

/** One outcome per call, in their order. */
export function accept(calls: readonly (readonly NewInvocation[])[]): PostgresWrite<Outcome[]> {
  const work = calls.flatMap((call, index) => call.map((one) => pieceOf(one, index)))
  return {
    statements: [insert(work), ...insertBodies(work), look(work)],
    read: (answers) => {
      const looked = foundBy(work, answers)
      let next = 0
      return calls.map(({ length }) => {
        const own = looked.slice(next, (next += length))
        return () => own.map(answerOf)
      })
    },
  }
}

export const known = (work: readonly Identified[]): Query<boolean[], PostgresValue> =>
  many<{ known: boolean }, boolean, PostgresValue>(
    KNOWN,
    [work.map((one) => one.function), work.map(({ identity }) => indexed(identity))],
    (row) => row.known,
  )

const pieceOf = (work: NewInvocation, call: number): Piece => ({ ...work, call, identity: indexed(work.identity) })

/** Keys of objects can be longer than what an index holds. */
const indexed = (identity: string | null): string | null =>
  identity === null ? null : createHash('sha256').update(identity).digest('base64url')

function insert(work: Piece[]): PostgresStatement {
  const rows = work.map((piece) => [piece.call, ...arrival(piece)] as const)
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column]!)) ?? []
  const releases = [...new Map(work.map((one) => [`${one.call} ${one.release} ${one.function}`, one])).values()]
  return { sql: INSERT, values: [...columns, releases.map(({ call }) => call), ...named(releases)] }
}

function insertBodies(work: Piece[]): PostgresStatement[] {
  const bodies = work.flatMap(({ id, body }) => (body === undefined ? [] : [{ id, body }]))
  const [small, large] = [true, false].map((isSmall) =>
    bodies.filter(({ body }) => body.length <= SMALL_BODY === isSmall),
  )
  const together = { sql: INSERT_BODIES, values: [small!.map(({ id }) => id), small!.map(({ body }) => body)] }
  return [
    ...(small!.length > 0 ? [together] : []),
    ...large!.map(({ id, body }) => ({ sql: INSERT_BODY, values: [body, id] })),
  ]
}

const look = (work: Piece[]): PostgresStatement => ({
  sql: LOOK,
  values: [...named(work), work.map(({ identity }) => identity)],
})

const named = (work: Piece[]) => [work.map((one) => one.function), work.map(({ release }) => release)]

interface Looked {
  piece: Piece
  isNew: boolean
  found: Found
}

function foundBy(work: Piece[], answers: readonly Answer[]): Looked[] {
  const inserted = new Set((answers[0]!.rows as { id: string }[]).map(({ id }) => id))
  const found = answers.at(-1)!.rows as Found[]
  return work.map((piece, index) => ({ piece, isNew: inserted.has(piece.id), found: found[index]! }))
}

function answerOf({ piece, isNew, found }: Looked): AcceptAnswer {
  if (!found.isThere) throw noSuchRelease(piece)
  if (isNew) return { id: piece.id, duplicate: false, sameBody: true, state: firstState(piece) }
  return { id: found.id!, duplicate: true, sameBody: found.digest === bodyDigest(piece), state: found.state }
}
