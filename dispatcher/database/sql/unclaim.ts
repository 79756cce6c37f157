/** Takes back an attempt that nobody got to see. */
import type { AttemptRef, Held, TakenBack } from '../database.js'
import { ifHeld, IS_HELD, key } from './attempts.js'
import { ADD_MOVE, move, printable } from './rows.js'
import type { Write } from './statement.js'

const GIVE_BACK = `
  UPDATE invocations SET state = 'queued', not_before = ?, attempts = attempts - 1, ${ADD_MOVE},
    started_at = (SELECT max(started_at) FROM attempts WHERE invocation = id AND number <> ?)
  WHERE id = ? AND EXISTS (SELECT 1 FROM attempts WHERE ${IS_HELD})`

const READY: TakenBack = { why: 'no worker got to see it', notBefore: 0 }

/** The number is not given to another attempt: nobody can be sure what the worker saw. */
export function unclaim(attempt: AttemptRef, now: number, { why, notBefore }: TakenBack = READY): Write<Held> {
  const later = notBefore > now ? notBefore : 0
  const moved = move(now, 'queued', printable(why))
  return ifHeld(
    { sql: GIVE_BACK, values: [later, moved, attempt.attempt, attempt.invocation, ...key(attempt)] },
    { sql: `DELETE FROM attempts WHERE ${IS_HELD}`, values: key(attempt) },
  )
}
