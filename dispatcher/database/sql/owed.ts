/** Attempts that ended before anybody knew what they cost: found, and paid for once. */
import type { InvocationInput } from '../../../runtime/contract/dispatcher-api.js'
import type { BackendName } from '../../../runtime/contract/function-spec.js'
import type { AttemptRef, OwedAttempt, OwedPage } from '../database.js'
import { hourOf } from '../hour.js'
import { key } from './attempts.js'
import { many, type Query, type Write } from './statement.js'

interface OwedRow extends AttemptRef {
  function: string
  release: number
  backend: BackendName
  started_at: number
  ended_at: number
  input: string
}

/** In the words of the index that finds them. */
const IS_OWED = `cost IS NULL AND ended_at IS NOT NULL AND backend IN ('lambda', 'rehearsal')`

const OWED = `
  SELECT a.invocation, a.number AS attempt, i.function, i.release, a.backend, a.started_at, a.ended_at, i.input
  FROM (
    SELECT * FROM attempts WHERE ${IS_OWED} AND ended_at >= ? ORDER BY ended_at, invocation, number LIMIT ? OFFSET ?
  ) a JOIN invocations i ON i.id = a.invocation
  ORDER BY a.ended_at, a.invocation, a.number`

const PAY = `
  INSERT INTO costs (function, hour, cost)
  SELECT function, CAST(? AS bigint), CAST(? AS double precision) FROM invocations
  WHERE id = ? AND EXISTS (SELECT 1 FROM attempts WHERE invocation = ? AND number = ? AND ${IS_OWED})
  ON CONFLICT (hour, function) DO UPDATE SET cost = costs.cost + excluded.cost`

const SET_COST = `UPDATE attempts SET cost = ? WHERE invocation = ? AND number = ? AND ${IS_OWED}`

const ALL: OwedPage = Object.freeze({ passed: 0, most: Number.MAX_SAFE_INTEGER })

export const owed = (since: number, { passed, most } = ALL): Query<OwedAttempt[]> =>
  many<OwedRow, OwedAttempt>(
    OWED,
    [since, most, passed],
    ({ started_at: startedAt, ended_at: endedAt, input, ...row }) => ({
      ...row,
      startedAt,
      endedAt,
      input: JSON.parse(input) as InvocationInput,
    }),
  )

export const pay = (attempt: AttemptRef, cost: number, now: number): Write<boolean> => ({
  statements: [
    { sql: PAY, values: [hourOf(now), cost, attempt.invocation, ...key(attempt)] },
    { sql: SET_COST, values: [cost, ...key(attempt)] },
  ],
  read: ([, paid]) => paid!.changes > 0,
})
