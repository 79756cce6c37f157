/** Exit codes of the supervisor itself. */
export const EXIT = Object.freeze({ done: 0, failed: 1 })
