/** Ended attempts -> what is known of run times. Pure but for the history it writes to. */
import type { InvocationInput } from '../../runtime/contract/dispatcher-api.js'
import type { Cause } from '../../runtime/contract/outcome.js'
import type { EndedAttempt } from '../database/database.js'
import type { History } from '../router/history.js'

/** Causes that end a run in its own time; the others say nothing of how long it takes. */
const RUN_TO_THE_END: readonly (Cause | undefined)[] = [undefined, 'script-exit', 'timeout']

export type Ended = Omit<EndedAttempt, 'release'>

export function learn(history: History, attempts: readonly Ended[]): void {
  for (const { function: name, backend, startedAt, endedAt, cause, input } of attempts)
    if (RUN_TO_THE_END.includes(cause))
      history.learn({
        function: name,
        backend,
        inputBytes: sizeOf(input),
        seconds: Math.max(0, endedAt - startedAt) / 1000,
        cut: cause === 'timeout',
      })
}

const sizeOf = (input: InvocationInput) => (input.kind === 'object' ? input.event.size : input.size)
