/** Hours as the record counts them. */

const HOUR_MS = 3600 * 1000

/** When the hour began that a time lies in; epoch milliseconds. */
export const hourOf = (time: number): number => Math.floor(time / HOUR_MS) * HOUR_MS
