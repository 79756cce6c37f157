/** Ends attempts: what came of them decides the next state of their invocation. */
import { after, isEnded, type Happening, type State } from '../../../runtime/contract/invocation.js'
import { CAUSES, type Cause, type Outcome } from '../../../runtime/contract/outcome.js'
import type { AttemptRef, Held, Publishing, Settlement } from '../database.js'
import { hourOf } from '../hour.js'
import { laneOf } from '../lanes.js'
import { ifHeld, IS_HELD, key } from './attempts.js'
import { keepDecision } from './decisions.js'
import { ADD_MOVE, move, printable } from './rows.js'
import type { Value, Write } from './statement.js'

/** What was promised first is what will be published. */
const BEGIN_PUBLISHING = `WHERE ${IS_HELD} AND publishing IS NULL`

/** The last value is 1 for what can no longer happen to an attempt whose results are on their way. */
const CAN_END = `${IS_HELD} AND (publishing IS NULL OR ? = 0)`

const MOVE = `
  UPDATE invocations SET state = ?, not_before = ?, ended_at = ?, faults = faults + ?, losses = losses + ?,
    cause = ?, message = ?, outputs = ?, result = ?, decision = coalesce(?, decision), eligible = coalesce(?, eligible),
    spill_at = CASE WHEN ? = 1 THEN ? ELSE spill_at END, ${ADD_MOVE}
  WHERE id = ? AND EXISTS (SELECT 1 FROM attempts WHERE ${CAN_END})`

const PAY = `
  INSERT INTO costs (function, hour, cost)
  SELECT function, CAST(? AS bigint), CAST(? AS double precision) FROM invocations
  WHERE id = ? AND EXISTS (SELECT 1 FROM attempts WHERE ${CAN_END})
  ON CONFLICT (hour, function) DO UPDATE SET cost = costs.cost + excluded.cost`

const END_ATTEMPT = `
  UPDATE attempts SET ended_at = ?, cause = ?, message = ?, exit_code = ?, times = ?, cost = ?, publishing = NULL
  WHERE ${CAN_END}`

const TOO_LATE: readonly (Cause | null)[] = ['worker-lost', 'evicted', 'cancelled']

const HAPPENINGS: Partial<Record<State, Happening>> = {
  succeeded: 'succeed',
  queued: 'retry',
  failed: 'give-up',
  cancelled: 'cancel',
}

/** `dispatcher`: number of the one that will publish, where there are several. */
export function beginPublishing(
  attempt: AttemptRef,
  publishing: Publishing,
  dispatcher?: number,
): Write<Held | 'promised'> {
  const set = dispatcher === undefined ? 'publishing = ?' : 'publishing = ?, dispatcher = ?'
  const values = [JSON.stringify(publishing), ...(dispatcher === undefined ? [] : [dispatcher]), ...key(attempt)]
  return {
    statements: [
      { sql: `UPDATE attempts SET ${set} ${BEGIN_PUBLISHING}`, values },
      { sql: `SELECT 1 FROM attempts WHERE ${IS_HELD}`, values: key(attempt) },
    ],
    read: ([begun, held]) => (begun!.changes > 0 ? 'held' : held!.rows.length > 0 ? 'promised' : 'fenced'),
  }
}

export function settle(settlement: Settlement): Write<Held> {
  mustBeAMove(settlement)
  const { outcome, now, cost } = settlement
  const isTooLate = TOO_LATE.includes(causeOf(outcome)) ? 1 : 0
  const attempt = [...key(settlement), isTooLate]
  const end = [now, causeOf(outcome), messageOf(outcome), outcome.exitCode ?? null, jsonOrNull(outcome.times)]
  return ifHeld(
    ...(cost === undefined ? [] : [{ sql: PAY, values: [hourOf(now), cost, settlement.invocation, ...attempt] }]),
    { sql: MOVE, values: [...newState(settlement), settlement.invocation, ...attempt] },
    { sql: END_ATTEMPT, values: [...end, cost ?? null, ...attempt] },
  )
}

function newState({ outcome, to, notBefore = 0, now, why, outputs, result, decision }: Settlement): Value[] {
  const cause = causeOf(outcome)
  return [
    to,
    to === 'queued' && notBefore > now ? notBefore : 0,
    isEnded(to) ? now : null,
    cause !== null && CAUSES[cause].userFault ? 1 : 0,
    cause !== null && !CAUSES[cause].userFault ? 1 : 0,
    cause,
    messageOf(outcome),
    jsonOrNull(outputs),
    jsonOrNull(result),
    decision ? keepDecision(decision) : null,
    decision ? laneOf(decision) : null,
    decision ? 1 : 0,
    decision?.spillAt ?? null,
    move(now, to, why),
  ]
}

function mustBeAMove({ outcome, to }: Settlement): void {
  const happening = HAPPENINGS[to]
  const fits =
    happening && after('running', happening) === to && (outcome.outcome === 'succeeded') === (to === 'succeeded')
  if (!fits) throw new Error(`an attempt that ${outcome.outcome} does not move its invocation to ${to}`)
}

const causeOf = (outcome: Outcome) => (outcome.outcome === 'failed' ? outcome.cause : null)

const messageOf = (outcome: Outcome) => (outcome.outcome === 'failed' ? printable(outcome.message) : null)

const jsonOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
