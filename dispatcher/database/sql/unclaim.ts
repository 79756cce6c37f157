/** Takes back an attempt that nobody got to see, as if it had never been handed out. */
import type { AttemptRef, Held, TakenBack } from '../database.js'
import { ifHeld, IS_HELD, key } from './attempts.js'
import { SAY_WHY, waits } from './rows.js'
import type { Write } from './statement.js'

/** Length of the move to it. */
const MOVE_LENGTH = `(SELECT length(',{"at":' || started_at || ',"to":"running"}]') FROM attempts WHERE ${IS_HELD})`

const OF_HELD = `WHERE id = ? AND EXISTS (SELECT 1 FROM attempts WHERE ${IS_HELD})`

const GIVE_BACK = `
  UPDATE invocations SET state = 'queued', not_before = ?, attempts = attempts - 1,
    moves = substr(moves, 1, length(moves) - ${MOVE_LENGTH}) || ']',
    started_at = (SELECT max(started_at) FROM attempts WHERE invocation = id AND number <> ?)
  ${OF_HELD}`

/** The number is not given to another attempt: nobody can be sure what the worker saw. */
export function unclaim(attempt: AttemptRef, now: number, back?: TakenBack): Write<Held> {
  const later = back && back.notBefore > now ? back.notBefore : 0
  const held = key(attempt)
  const ofHeld = [attempt.invocation, ...held]
  return ifHeld(
    { sql: GIVE_BACK, values: [later, ...held, attempt.attempt, ...ofHeld] },
    ...(back
      ? [{ sql: `UPDATE invocations SET ${SAY_WHY} ${OF_HELD}`, values: [...waits(now, back.why), ...ofHeld] }]
      : []),
    { sql: `DELETE FROM attempts WHERE ${IS_HELD}`, values: held },
  )
}
