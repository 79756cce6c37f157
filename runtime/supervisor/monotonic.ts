/** Milliseconds since some moment in the past. `performance.now()` would load its module first, while a script waits. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
