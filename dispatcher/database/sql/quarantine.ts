/** What could not be read is kept as it came, for people to look at; the oldest makes place for what comes. */
import type { QuarantinedEvent } from '../../../runtime/contract/quarantined-event.js'
import type { Unreadable } from '../database.js'
import { printable } from './rows.js'
import { many, one, type Query, type Write } from './statement.js'

interface Row {
  seq: number | string
  kept_at: number | string
  source: string
  problem: string
  size: number
}

/** Most that one arrival throws away: a long list from before there were bounds shrinks little by little. */
const DROPPED_MAX = 100

export const quarantine = ({ source, problem, body, now, keep }: Unreadable): Write<void> => ({
  statements: [
    {
      sql: 'INSERT INTO quarantine (source, problem, kept_at, body) VALUES (?, ?, ?, ?)',
      values: [printable(source), printable(problem), now, body],
    },
    {
      sql: `DELETE FROM quarantine
        WHERE seq IN (SELECT seq FROM quarantine ORDER BY seq LIMIT ${DROPPED_MAX})
          AND (kept_at < ? OR seq <= (SELECT max(seq) FROM quarantine) - ?)`,
      values: [keep.since, keep.most],
    },
  ],
  read: () => undefined,
})

export const quarantined = ({ before, limit }: { before: number; limit: number }): Query<QuarantinedEvent[]> =>
  many(
    `SELECT seq, kept_at, source, problem, length(body) AS size FROM quarantine
     WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
    [before, limit],
    ({ seq, kept_at, source, problem, size }: Row) => ({
      number: Number(seq),
      at: Number(kept_at),
      source,
      problem,
      size,
    }),
  )

export const quarantinedBody = (number: number): Query<Buffer | undefined> =>
  one('SELECT body FROM quarantine WHERE seq = ?', [number], ({ body }: { body: Buffer }) => Buffer.from(body))

export const dropQuarantined = (number: number): Write<boolean> => ({
  statements: [{ sql: 'DELETE FROM quarantine WHERE seq = ?', values: [number] }],
  read: ([answer]) => answer!.changes === 1,
})
