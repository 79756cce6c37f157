/** Reads what happened: one invocation in full, pages of summaries, counts. */
import type { InvocationRecord, InvocationSummary } from '../../../runtime/contract/dispatcher-api.js'
import type { State } from '../../../runtime/contract/invocation.js'
import type { Cause } from '../../../runtime/contract/outcome.js'
import type { InvocationFilter } from '../database.js'
import { formatCursor, parseCursor } from './cursor.js'
import { record, summary, SUMMARY_COLUMNS, type RecordRow, type SummaryRow } from './rows.js'
import { many, type Query, type Value } from './statement.js'

/** One row per attempt; one row without an attempt when there was none. */
const RECORD = `
  SELECT ${SUMMARY_COLUMNS.map((name) => `i.${name}`).join(', ')}, i.moves, i.decision, i.outputs, i.result,
    a.number, a.backend, a.worker, a.started_at AS attempt_started_at, a.ended_at AS attempt_ended_at,
    a.cause AS attempt_cause, a.message AS attempt_message, a.exit_code, a.times, a.cost
  FROM invocations i LEFT JOIN attempts a ON a.invocation = i.id
  WHERE i.id = ? ORDER BY a.number`

const TOTALS = `
  SELECT function, CASE WHEN phase IN ('ready', 'delayed') THEN 'queued' ELSE phase END AS state, cause,
    CAST(sum(count) AS bigint) AS count
  FROM counts GROUP BY 1, 2, 3 HAVING sum(count) > 0 ORDER BY 1, 2, 3`

export const getInvocation = (id: string): Query<InvocationRecord | undefined> => ({
  sql: RECORD,
  values: [id],
  read: (rows) => (rows.length === 0 ? undefined : record(rows as RecordRow[])),
})

export interface Page {
  invocations: InvocationSummary[]
  cursor?: string
}

/** Newest first: by the time of acceptance, then by the order of arrival. */
export function listInvocations(filter: InvocationFilter): Query<Page> {
  const { where, values } = conditions(filter)
  return {
    sql: `SELECT ${SUMMARY_COLUMNS.join(', ')} FROM invocations ${where} ORDER BY accepted_at DESC, seq DESC LIMIT ?`,
    values: [...values, filter.limit + 1],
    read: (rows) => page(rows as SummaryRow[], filter.limit),
  }
}

function page(rows: SummaryRow[], limit: number): Page {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const invocations = shown.map(summary)
  return rows.length > limit && last ? { invocations, cursor: formatCursor(last) } : { invocations }
}

function conditions(filter: InvocationFilter): { where: string; values: Value[] } {
  const parts: [condition: string, ...values: Value[]][] = []
  if (filter.function !== undefined) parts.push(['function = ?', filter.function])
  if (filter.state !== undefined) parts.push(['state = ?', filter.state])
  if (filter.since !== undefined) parts.push(['accepted_at >= ?', filter.since])
  if (filter.cursor !== undefined) parts.push(['(accepted_at, seq) < (?, ?)', ...parseCursor(filter.cursor)])
  return {
    where: parts.length === 0 ? '' : `WHERE ${parts.map(([condition]) => condition).join(' AND ')}`,
    values: parts.flatMap(([, ...values]) => values),
  }
}

export interface Total {
  function: string
  state: State
  cause?: Cause
  count: number
}

interface TotalRow extends Omit<Total, 'cause'> {
  cause: Cause | ''
}

export const totals = (): Query<Total[]> =>
  many<TotalRow, Total>(TOTALS, [], ({ function: name, state, cause, count }) => ({
    function: name,
    state,
    ...(cause && { cause }),
    count,
  }))
