/** The past as rows, page by page, so that it may be as long as it is. */
import type { HistoryRow } from '../runtime/contract/history-row.js'
import type { Release } from '../runtime/contract/release.js'
import type { Database, EndedInvocation } from './database/database.js'
import { inputBytes } from './routing/routing.js'

/** Rows that are read at once. */
const PAGE = 1000

/** Milliseconds by which an id is older than the acceptance, at most: it is made before the work is put on record. */
const NAMED_BEFORE_MS = 60_000

export interface HistoryContext {
  database: Database
  release(name: string, number: number): Promise<Release>
}

/** What was accepted at or after that time (epoch milliseconds) and has ended, in the order of arrival. */
export async function* history({ database, release }: HistoryContext, since: number): AsyncGenerator<HistoryRow> {
  let after = firstId(Math.max(0, since - NAMED_BEFORE_MS))
  for (;;) {
    const page = await database.endedInvocations(after, PAGE)
    for (const ended of page)
      if (ended.acceptedAt >= since) yield rowOf(ended, await release(ended.function, ended.release))
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

/** No id of that time or later is less: they begin with the time, https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 */
function firstId(time: number): string {
  const digits = Math.floor(time).toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}`
}

const rowOf = (ended: EndedInvocation, { spec: { cpu, memorySize, timeout } }: Release): HistoryRow => ({
  id: ended.id,
  function: ended.function,
  state: ended.state,
  accepted: iso(ended.acceptedAt),
  started: ended.startedAt === null ? null : iso(ended.startedAt),
  ended: iso(ended.endedAt),
  backend: ended.backend,
  attempts: ended.attempts,
  inputBytes: inputBytes(ended.input),
  cpu,
  memorySize,
  timeout,
  cost: ended.cost,
})

const iso = (time: number) => new Date(time).toISOString()
