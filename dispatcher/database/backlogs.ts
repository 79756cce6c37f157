/** Counts of work by lane -> one backlog per release. */
import type { Backlog } from './database.js'
import { backendsOf } from './lanes.js'

/** Sorted by function and release. */
export interface BacklogRow {
  function: string
  release: number
  phase: 'ready' | 'running'
  lane: number
  count: number
}

export function collectBacklogs(rows: readonly BacklogRow[], limit: number): Backlog[] {
  const found: Backlog[] = []
  for (const row of rows) {
    const last = found.at(-1)
    const isSame = last?.function === row.function && last.release === row.release
    const backlog = isSame
      ? last
      : { function: row.function, release: row.release, queued: 0, queuedFor: {}, running: 0, runningOn: {} }
    if (!isSame) found.push(backlog)
    add(backlog, row, limit)
  }
  return found
}

function add(backlog: Backlog, { phase, lane, count }: BacklogRow, limit: number): void {
  if (phase === 'running') {
    backlog.running += count
    for (const backend of backendsOf(lane)) backlog.runningOn[backend] = (backlog.runningOn[backend] ?? 0) + count
    return
  }
  backlog.queued = Math.min(limit, backlog.queued + count)
  for (const backend of backendsOf(lane))
    backlog.queuedFor[backend] = Math.min(limit, (backlog.queuedFor[backend] ?? 0) + count)
}
