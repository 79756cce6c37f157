/** The process of a runtime client, from its start to the end of all that it started. */
import { spawn, type ChildProcess } from 'node:child_process'
import { asError } from '../../contract/errors.js'
import type { Program } from '../program.js'
import { pumpOutput, type LineSink } from '../pump-output.js'
import { endOf, failureToStart, notStarted, type RunEnd } from '../run-script.js'
import { killGroup, terminateGroup } from '../terminate.js'
import { settlesWithin } from '../wait.js'

export interface ClientStart {
  program: Program
  workingDirectory: string
  environment: Record<string, string>
  output: LineSink
}

/** Milliseconds for which the pipes are read after the client has ended. */
const PIPES_MS = 500

export class ClientProcess {
  readonly #group: number | undefined
  /** Resolves once it has ended and its group is gone; never rejects. */
  readonly ended: Promise<RunEnd>
  #hasEnded = false

  constructor(start: ClientStart) {
    const child = launch(start)
    this.#group = child instanceof Error ? undefined : child.pid
    this.ended = this.#attend(child, start).finally(() => (this.#hasEnded = true))
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** TERM, a wait that `hurry` cuts short, KILL. */
  async terminate(hurry: AbortSignal): Promise<RunEnd> {
    if (this.#group !== undefined && !this.#hasEnded) await terminateGroup(this.#group, hurry)
    return this.ended
  }

  async #attend(child: ChildProcess | Error, start: ClientStart): Promise<RunEnd> {
    if (child instanceof Error) return notStarted(start, child)
    if (child.pid === undefined) return notStarted(start, await failureToStart(child))
    const { stdout, stderr } = child
    const pumps = Promise.all([
      stdout && pumpOutput({ from: stdout, stream: 'stdout', log: start.output }),
      stderr && pumpOutput({ from: stderr, stream: 'stderr', log: start.output }),
    ])
    const end = await endOf(child)
    killGroup(child.pid)
    if (!(await settlesWithin(pumps, PIPES_MS))) [stdout, stderr].forEach((pipe) => pipe?.destroy())
    await pumps
    return end
  }
}

/** Some of what may be wrong with a program spawn throws instead of emitting it. */
function launch({ program, workingDirectory, environment }: ClientStart): ChildProcess | Error {
  try {
    return spawn(program.file, program.arguments, {
      cwd: workingDirectory,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  } catch (error) {
    return asError(error)
  }
}
