/** What waits: retries for their time, ready work for a worker. */
import { collectBacklogs, type BacklogRow } from '../backlogs.js'
import type { Backlog } from '../database.js'
import type { Query, Write } from './statement.js'

const BACKLOGS = `
  SELECT function, release, phase, lane, count
  FROM counts WHERE count > 0 AND phase IN ('ready', 'running')
  ORDER BY function, release`

export const wakeDue = (now: number): Write<number> => ({
  statements: [
    { sql: `UPDATE invocations SET not_before = 0 WHERE phase = 'delayed' AND not_before <= ?`, values: [now] },
  ],
  read: ([woken]) => woken!.changes,
})

export const nextDue = (): Query<number | undefined> => ({
  sql: `SELECT min(not_before) AS due FROM invocations WHERE phase = 'delayed'`,
  values: [],
  read: ([row]) => (row as { due: number | null }).due ?? undefined,
})

export const backlogs = (limit: number): Query<Backlog[]> => ({
  sql: BACKLOGS,
  values: [],
  read: (rows) => collectBacklogs(rows as BacklogRow[], limit),
})
