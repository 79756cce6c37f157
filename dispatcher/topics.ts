/** Topics that waiters enter, see `changes`. */
import { PUBLIC_BACKENDS, type BackendName } from '../runtime/contract/function-spec.js'

/** Work of a function that may be ready. */
export const workTopic = (functionName: string) => `work ${functionName}`

/** Work of a function that may be due to spill over. */
export const spillTopic = (functionName: string) => `spill ${functionName}`

/** What a worker of that back-end waits for: one that must not take new work is not woken in place of one that may. */
export const takerTopic = (functionName: string, backend: BackendName) =>
  PUBLIC_BACKENDS.includes(backend) ? spillTopic(functionName) : workTopic(functionName)

/** The end of an invocation. */
export const endTopic = (invocation: string) => `end ${invocation}`

/** A line in the log of an invocation, or its end. */
export const logTopic = (invocation: string) => `log ${invocation}`
