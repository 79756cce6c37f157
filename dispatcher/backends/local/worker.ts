/** What the workers of this machine have in common. */

import type { ChildProcess } from 'node:child_process'

/** Name of the file in a worker's directory that holds the id of its process, or of its container's client. */
export const PID_FILE = 'pid'

/** Gives a worker its token where a script of the same user cannot look it up, unlike in the environment. */
export function handToken(child: ChildProcess, token: string): void {
  // A worker that ended at once no longer reads; its end is reported anyway.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(token)
}

export interface Worker {
  /** Asks it to give its attempt back and end. */
  stop(): void
  kill(): void
  /** Resolves once it and everything it started are gone; never rejects. */
  readonly ended: Promise<void>
}
