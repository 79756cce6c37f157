/** What waits: retries for their time, ready work for a worker. */
import type { Backlog } from '../database.js'
import { collectBacklogs, type BacklogRow } from '../backlogs.js'
import type { Connection } from './connection.js'

const BACKLOGS = `
  SELECT function, release, phase, lane, count
  FROM counts WHERE count > 0 AND phase IN ('ready', 'running')
  ORDER BY function, release`

export const wakeDue = (connection: Connection, now: number): number =>
  connection.run(`UPDATE invocations SET not_before = 0 WHERE phase = 'delayed' AND not_before <= ?`, [now])

export const nextDue = (connection: Connection): number | undefined =>
  connection.get<{ due: number | null }>(`SELECT min(not_before) AS due FROM invocations WHERE phase = 'delayed'`)
    ?.due ?? undefined

export const backlogs = (connection: Connection, limit: number): Backlog[] =>
  collectBacklogs(connection.all<BacklogRow>(BACKLOGS), limit)
