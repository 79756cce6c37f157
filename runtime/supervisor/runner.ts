/** What runs for an attempt: a script that is started anew each time, or a runtime client that stays. */
import type { LogShipper } from './log-shipper.js'
import type { RunEnd } from './run-script.js'
import type { ScriptContext } from './script-environment.js'

export interface Runner {
  /** Resolves to how it ended; rejects only where something else than the user's program is at fault. */
  run(context: ScriptContext, run: RunnerRun): Promise<RunEnd>
  /** Ends what stays between attempts. */
  close(): Promise<void>
}

export interface RunnerRun {
  log: LogShipper
  /** Gets the answer, for a request. */
  listen?: (chunk: Buffer) => void
  /** Ends the program: TERM, a wait, KILL. */
  stop: AbortSignal
  /** Cuts that wait short. */
  hurry: AbortSignal
}
