/** Tells those who wait, the loop, and the log that an attempt has ended. */
import type { RunningAttempt } from '../database/database.js'
import type { Dispatch } from '../dispatch.js'
import type { Ground } from '../wiring/ground.js'
import type { AttemptEnd } from './settle.js'
import { endTopic, logTopic, workTopic } from '../topics.js'

export interface Listeners extends Pick<Ground, 'changes' | 'log' | 'now'> {
  dispatch: Pick<Dispatch, 'wake'>
}

export function tellEnd(listeners: Listeners, attempt: RunningAttempt, { outcome, ended }: AttemptEnd): void {
  const { changes, dispatch, log, now } = listeners
  const { invocation, attempt: number, function: name, release, backend, startedAt } = attempt
  // The answer to the worker, with its next attempt, leaves before others hear of this one.
  setImmediate(() => {
    changes.notify(workTopic(name), 1)
    if (ended) changes.notify(endTopic(invocation))
    if (ended) changes.notify(logTopic(invocation))
    dispatch.wake()
  })
  const failure = outcome.outcome === 'failed' ? { cause: outcome.cause, reason: outcome.message } : {}
  const ms = now() - startedAt
  const facts = { invocation, attempt: number, function: name, release, backend, ms, ended, ...failure }
  log(outcome.outcome === 'failed' ? 'warn' : 'info', outcome.outcome, facts)
}
