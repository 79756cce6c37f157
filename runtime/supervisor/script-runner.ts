/** Starts the script, or the command, of each attempt; nothing of it stays. */
import { programFor } from './program.js'
import type { Runner, RunnerRun } from './runner.js'
import { runScript, type RunEnd } from './run-script.js'
import { scriptEnvironment, standardInput, type ScriptContext } from './script-environment.js'
import { killStragglers } from './stragglers.js'
import { workingDirectoryFor } from './working-directory.js'

export class ScriptRunner implements Runner {
  /** `prepare` makes room for the next attempt while the script runs. */
  constructor(private readonly prepare: () => void) {}

  async run(context: ScriptContext, { log, listen, stop, hurry }: RunnerRun): Promise<RunEnd> {
    const { worker, scratch } = context.config
    setImmediate(this.prepare)
    let group: number | undefined
    try {
      const end = await runScript({
        program: programFor(worker),
        workingDirectory: workingDirectoryFor(worker, context.workspace),
        environment: scriptEnvironment(context),
        standardInput: standardInput(context),
        scratch,
        log,
        ...(listen ? { listen } : {}),
        stop,
        hurry,
      })
      group = end.group
      return end
    } finally {
      // Whoever outlives the script must not go on writing to results that are being published.
      killStragglers(context.workspace.output, group)
    }
  }

  async close(): Promise<void> {}
}
