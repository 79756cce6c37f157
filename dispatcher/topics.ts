/** Topics that waiters enter, see `changes`; other dispatchers hear of them too. */
import { isPublic, type BackendName } from '../runtime/contract/function-spec.js'

/** Work of a function that may be ready. */
export const workTopic = (functionName: string) => `work ${functionName}`

/** Work of a function that may be due to spill over. */
export const spillTopic = (functionName: string) => `spill ${functionName}`

/** What a worker of that back-end waits for: one that must not take new work is not woken in place of one that may. */
export const takerTopic = (functionName: string, backend: BackendName) =>
  isPublic(backend) ? spillTopic(functionName) : workTopic(functionName)

/** The end of an invocation. */
export const endTopic = (invocation: string) => `end ${invocation}`

/** A line in the log of an invocation, or its end. */
export const logTopic = (invocation: string) => `log ${invocation}`

/** A function came, changed or went. */
export const FUNCTIONS_TOPIC = 'functions'

/** The worker gets no more work. */
export const dismissedTopic = (worker: string) => `dismissed ${worker}`

/** The worker has let its lease run out; its back-end clears up what is left of it. */
export const silentTopic = (backend: string, worker: string) => `silent ${backend} ${worker}`

/** The worker is up: it has got its function. */
export const upTopic = (backend: string, worker: string) => `up ${backend} ${worker}`
