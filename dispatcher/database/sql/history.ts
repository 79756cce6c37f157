/** What has ended, in the order of arrival: ids of invocations are in the order of time. */
import type { InvocationInput } from '../../../runtime/contract/dispatcher-api.js'
import type { BackendName } from '../../../runtime/contract/function-spec.js'
import type { EndedInvocation, EndedState } from '../database.js'
import { many, type Query } from './statement.js'

interface EndedRow {
  id: string
  function: string
  release: number
  state: EndedState
  input: string
  accepted_at: number
  started_at: number | null
  ended_at: number
  attempts: number
  backend: BackendName | null
  cost: number | null
}

const ENDED = `
  SELECT i.id, i.function, i.release, i.state, i.input, i.accepted_at, i.started_at, i.ended_at, i.attempts,
    (SELECT backend FROM attempts WHERE invocation = i.id ORDER BY number DESC LIMIT 1) AS backend,
    (SELECT sum(cost) FROM attempts WHERE invocation = i.id) AS cost
  FROM invocations i WHERE i.id > ? AND i.ended_at IS NOT NULL ORDER BY i.id LIMIT ?`

export const endedInvocations = (after: string, limit: number): Query<EndedInvocation[]> =>
  many<EndedRow, EndedInvocation>(ENDED, [after, limit], (row) => ({
    id: row.id,
    function: row.function,
    release: row.release,
    state: row.state,
    input: JSON.parse(row.input) as InvocationInput,
    acceptedAt: row.accepted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    attempts: row.attempts,
    backend: row.backend,
    cost: row.cost ?? 0,
  }))
