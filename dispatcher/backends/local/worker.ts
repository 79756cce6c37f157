/** What the workers of this machine have in common. */

/** Name of the file in a worker's directory that holds the id of its process, or of its container's client. */
export const PID_FILE = 'pid'

export interface Worker {
  /** Asks it to give its attempt back and end. */
  stop(): void
  kill(): void
  /** Resolves once it and everything it started are gone; never rejects. */
  readonly ended: Promise<void>
}
