/** Topics that waiters enter, see `changes`. */

/** Work of a function that may be ready. */
export const workTopic = (functionName: string) => `work ${functionName}`

/** The end of an invocation. */
export const endTopic = (invocation: string) => `end ${invocation}`

/** A line in the log of an invocation, or its end. */
export const logTopic = (invocation: string) => `log ${invocation}`
