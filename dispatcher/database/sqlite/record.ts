/** Reads what happened: one invocation in full, pages of summaries, counts. */
import type { InvocationRecord, InvocationSummary } from '../../../runtime/contract/dispatcher-api.js'
import type { State } from '../../../runtime/contract/invocation.js'
import type { Cause } from '../../../runtime/contract/outcome.js'
import type { InvocationFilter } from '../database.js'
import type { Connection, Value } from './connection.js'
import { formatCursor, parseCursor } from './cursor.js'
import { record, summary, SUMMARY_COLUMNS, type AttemptRow, type InvocationRow, type SummaryRow } from './rows.js'

const RECORD = `SELECT ${SUMMARY_COLUMNS}, moves, decision, outputs, result FROM invocations WHERE id = ?`

const ATTEMPTS = `
  SELECT number, backend, worker, started_at, ended_at, cause, message, exit_code, times, cost
  FROM attempts WHERE invocation = ? ORDER BY number`

const TOTALS = `
  SELECT function, iif(phase IN ('ready', 'delayed'), 'queued', phase) AS state, cause, sum(count) AS count
  FROM counts GROUP BY 1, 2, 3 HAVING sum(count) > 0 ORDER BY 1, 2, 3`

export function getInvocation(connection: Connection, id: string): InvocationRecord | undefined {
  const row = connection.get<InvocationRow>(RECORD, [id])
  return row && record(row, connection.all<AttemptRow>(ATTEMPTS, [id]))
}

/** Newest first: by the time of acceptance, then by the order of arrival. */
export function listInvocations(
  connection: Connection,
  filter: InvocationFilter,
): { invocations: InvocationSummary[]; cursor?: string } {
  const { where, values } = conditions(filter)
  const rows = connection.all<SummaryRow>(
    `SELECT ${SUMMARY_COLUMNS} FROM invocations ${where} ORDER BY accepted_at DESC, seq DESC LIMIT ?`,
    [...values, filter.limit + 1],
  )
  const page = rows.slice(0, filter.limit)
  const last = page.at(-1)
  const invocations = page.map(summary)
  return rows.length > page.length && last ? { invocations, cursor: formatCursor(last) } : { invocations }
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

interface Total {
  function: string
  state: State
  cause?: Cause
  count: number
}

export const totals = (connection: Connection): Total[] =>
  connection
    .all<Total & { cause: Cause | '' }>(TOTALS)
    .map(({ function: name, state, cause, count }) => ({ function: name, state, ...(cause && { cause }), count }))
