/** How long AWS may keep silent, in milliseconds. */
export interface AwsTimes {
  /** Until there is a connection. */
  connect: number
  /** On a connection to the staging bucket, in the middle of a file too. */
  idle: number
  /** Until what is asked about the account or a function is answered; calls of functions end with their own time. */
  answer: number
}

export const TIMES: AwsTimes = Object.freeze({ connect: 10_000, idle: 60_000, answer: 15_000 })
