/** Ends attempts: what came of them decides the next state of their invocation. */
import { after, isEnded, type Happening, type State } from '../../../runtime/contract/invocation.js'
import { CAUSES, type Cause, type Outcome } from '../../../runtime/contract/outcome.js'
import type { AttemptRef, Held, Publishing, Settlement } from '../database.js'
import { held, IS_HELD, key } from './attempts.js'
import type { Connection } from './connection.js'
import { laneOf } from '../lanes.js'
import { move, printable } from './rows.js'
import { addCost } from './spending.js'

/** What was promised first is what will be published. */
const BEGIN_PUBLISHING = `UPDATE attempts SET publishing = coalesce(publishing, ?) WHERE ${IS_HELD}`

const END_ATTEMPT = `
  UPDATE attempts SET ended_at = ?, cause = ?, message = ?, exit_code = ?, times = ?, cost = ?, publishing = NULL
  WHERE ${IS_HELD} AND (publishing IS NULL OR ? = 0)`

const MOVE = `
  UPDATE invocations SET state = :state, not_before = :notBefore, ended_at = :endedAt,
    faults = faults + :fault, losses = losses + :loss, cause = :cause, message = :message,
    outputs = :outputs, result = :result, decision = coalesce(:decision, decision),
    eligible = coalesce(:eligible, eligible), spill_at = iif(:eligible IS NULL, spill_at, :spillAt), moves = json_insert(moves, '$[#]', json(:move))
  WHERE id = :id`

/** What can no longer happen to an attempt whose results are on their way. */
const TOO_LATE: readonly (Cause | null)[] = ['worker-lost', 'evicted', 'cancelled']

const HAPPENINGS: Partial<Record<State, Happening>> = {
  succeeded: 'succeed',
  queued: 'retry',
  failed: 'give-up',
  cancelled: 'cancel',
}

export const beginPublishing = (connection: Connection, attempt: AttemptRef, publishing: Publishing): Held =>
  held(connection.run(BEGIN_PUBLISHING, [JSON.stringify(publishing), ...key(attempt)]))

export function settle(connection: Connection, settlement: Settlement): Held {
  mustBeAMove(settlement)
  const ended = endAttempt(connection, settlement)
  if (ended === 'fenced') return ended
  const { invocation, cost, now } = settlement
  if (cost !== undefined) addCost(connection, invocation, { cost, now })
  moveOn(connection, settlement)
  return ended
}

function endAttempt(connection: Connection, settlement: Settlement): Held {
  const { outcome, now } = settlement
  const changes = connection.run(END_ATTEMPT, [
    now,
    causeOf(outcome),
    messageOf(outcome),
    outcome.exitCode ?? null,
    jsonOrNull(outcome.times),
    settlement.cost ?? null,
    ...key(settlement),
    TOO_LATE.includes(causeOf(outcome)) ? 1 : 0,
  ])
  return held(changes)
}

function moveOn(connection: Connection, settlement: Settlement): void {
  const { outcome, to, now, notBefore = 0, decision } = settlement
  const cause = causeOf(outcome)
  connection.run(MOVE, {
    id: settlement.invocation,
    state: to,
    notBefore: to === 'queued' && notBefore > now ? notBefore : 0,
    endedAt: isEnded(to) ? now : null,
    fault: cause !== null && CAUSES[cause].userFault ? 1 : 0,
    loss: cause !== null && !CAUSES[cause].userFault ? 1 : 0,
    cause,
    message: messageOf(outcome),
    outputs: jsonOrNull(settlement.outputs),
    result: jsonOrNull(settlement.result),
    decision: jsonOrNull(decision),
    eligible: decision ? laneOf(decision) : null,
    spillAt: decision?.spillAt ?? null,
    move: move(now, to, settlement.why),
  })
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
