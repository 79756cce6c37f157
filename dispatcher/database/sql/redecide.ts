/** Work that waits: what was decided about it, and what is decided anew. */
import type { InvocationInput } from '../../../runtime/contract/dispatcher-api.js'
import type { NewDecision, WaitingWork, WhatWaits } from '../database.js'
import { laneOf } from '../lanes.js'
import { keepDecision, readDecision } from './decisions.js'
import { many, type Query, type Write } from './statement.js'

interface WaitingRow {
  seq: number
  id: string
  input: string
  decision: string
  accepted_at: number
  attempts: number
}

const WAITING = `
  SELECT seq, id, input, decision, accepted_at, attempts FROM invocations
  WHERE function = ? AND release = ? AND eligible = ? AND phase = 'ready' AND seq > ? ORDER BY seq LIMIT ?`

const REDECIDE = `UPDATE invocations SET decision = ?, eligible = ?, spill_at = ? WHERE id = ? AND phase = 'ready'`

export const waiting = ({ function: name, release, eligible, after = 0, limit }: WhatWaits): Query<WaitingWork[]> =>
  many<WaitingRow, WaitingWork>(WAITING, [name, release, laneOf({ eligible, spillAt: 0 }), after, limit], (row) => ({
    invocation: row.id,
    place: row.seq,
    input: JSON.parse(row.input) as InvocationInput,
    decision: readDecision(row.decision),
    acceptedAt: row.accepted_at,
    attempts: row.attempts,
  }))

export const redecide = (decisions: readonly NewDecision[]): Write<number> => ({
  statements: decisions.map(({ invocation, decision }) => ({
    sql: REDECIDE,
    values: [keepDecision(decision), laneOf(decision), decision.spillAt, invocation],
  })),
  read: (answers) => answers.reduce((sum, { changes }) => sum + changes, 0),
})
