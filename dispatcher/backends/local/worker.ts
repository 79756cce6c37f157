/** What the workers of this machine have in common. */

import type { ChildProcess } from 'node:child_process'

/** Name of the file in a worker's directory that holds the id of its process, or of its container's client. */
export const PID_FILE = 'pid'

/** Options of Node for a worker: it streams; without this V8 lets 16 MB of young garbage pile up first. */
export const NODE_OPTIONS: readonly string[] = Object.freeze(['--max-semi-space-size=1'])

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
