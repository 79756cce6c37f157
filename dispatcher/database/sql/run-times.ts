/** How long attempts took, the newest work first: ids of invocations are in the order of time. */
import type { InvocationInput } from '../../../runtime/contract/dispatcher-api.js'
import type { BackendName } from '../../../runtime/contract/function-spec.js'
import type { Cause } from '../../../runtime/contract/outcome.js'
import type { EndedAttempt } from '../database.js'
import { many, type Query } from './statement.js'

interface EndedRow {
  function: string
  release: number
  backend: BackendName
  started_at: number
  ended_at: number
  cause: Cause | null
  input: string
}

const ENDED = `
  SELECT i.function, i.release, a.backend, a.started_at, a.ended_at, a.cause, i.input
  FROM attempts a JOIN invocations i ON i.id = a.invocation
  WHERE a.ended_at IS NOT NULL ORDER BY a.invocation DESC, a.number DESC LIMIT ?`

export const endedAttempts = (limit: number): Query<EndedAttempt[]> =>
  many<EndedRow, EndedAttempt>(ENDED, [limit], (row) => ({
    function: row.function,
    release: row.release,
    backend: row.backend,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    ...(row.cause ? { cause: row.cause } : {}),
    input: JSON.parse(row.input) as InvocationInput,
  }))
