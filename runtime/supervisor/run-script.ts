/** Runs the user's program in a process group of its own, until it ends or has to. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROCESS_GROUP_FILE } from '../contract/worker-environment.js'
import { asError } from '../contract/errors.js'
import { errorCode } from './attempt-failure.js'
import type { LogShipper } from './log-shipper.js'
import type { Program } from './program.js'
import { pumpOutput } from './pump-output.js'
import { removeFile } from './remove-file.js'
import { killGroup, terminateGroup } from './terminate.js'
import { settlesWithin } from './wait.js'

export interface Run {
  program: Program
  workingDirectory: string
  environment: Record<string, string>
  /** Path of the file that is read as standard input. */
  standardInput: string
  /** Where the process group is written down while it runs. */
  scratch: string
  log: LogShipper
  /** Gets standard output beside the log. */
  listen?: (chunk: Buffer) => void
  /** Ends the program: TERM, a wait, KILL. */
  stop: AbortSignal
  /** Cuts that wait short. */
  hurry: AbortSignal
}

export interface RunEnd {
  /** Id of the process, and of its group; absent when it could not even start. */
  group?: number
  exitCode?: number
  signal?: NodeJS.Signals
  /** Why it could not even start. */
  notStarted?: string
  /** Why it failed, in words of its own. */
  failure?: string
}

/** Exit codes of a shell for a command that is not there or cannot be executed. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** Milliseconds for which the pipes are read after the group is gone; only a process that left the group holds them longer. */
const PIPES_MS = 500

export async function runScript(run: Run): Promise<RunEnd> {
  const child = start(run)
  if (child instanceof Error) return notStarted(run, child)
  const group = child.pid
  if (group === undefined) return notStarted(run, await failureToStart(child))
  const groupFile = join(run.scratch, PROCESS_GROUP_FILE)
  try {
    writeFileSync(groupFile, String(group))
    return { group, ...(await attend(child, group, run)) }
  } catch (error) {
    killGroup(group)
    throw error
  } finally {
    removeFile(groupFile)
  }
}

/** Some of what may be wrong with a program, as that it is for another machine, spawn throws instead of emitting it. */
function start({ program, workingDirectory, environment, standardInput }: Run): ChildProcess | Error {
  const input = openSync(standardInput, 'r')
  try {
    return spawn(program.file, program.arguments, {
      cwd: workingDirectory,
      env: environment,
      stdio: [input, 'pipe', 'pipe'],
      detached: true,
    })
  } catch (error) {
    return asError(error)
  } finally {
    closeSync(input)
  }
}

async function attend(child: ChildProcess, group: number, { stop, hurry, log, listen }: Run): Promise<RunEnd> {
  const { stdout, stderr } = child
  const pumps = Promise.all([
    stdout && pumpOutput({ from: stdout, stream: 'stdout', log, ...(listen ? { listen } : {}) }),
    stderr && pumpOutput({ from: stderr, stream: 'stderr', log }),
  ])
  const ended = endOf(child)
  let terminated: Promise<void> | undefined
  const terminate = () => (terminated = terminateGroup(group, hurry))
  stop.addEventListener('abort', terminate, { once: true })
  if (stop.aborted) terminate()
  const end = await ended
  stop.removeEventListener('abort', terminate)
  if (terminated) await terminated
  else killGroup(group)
  log.hurry()
  if (!(await settlesWithin(pumps, PIPES_MS))) [stdout, stderr].forEach((pipe) => pipe?.destroy())
  await pumps
  return end
}

export const endOf = (child: ChildProcess): Promise<RunEnd> =>
  new Promise((resolve) =>
    child.once('exit', (code, signal) =>
      resolve({ ...(code === null ? {} : { exitCode: code }), ...(signal ? { signal } : {}) }),
    ),
  )

export const failureToStart = (child: ChildProcess): Promise<Error> =>
  new Promise((resolve) => child.once('error', resolve))

export function notStarted(
  { program, workingDirectory }: Pick<Run, 'program' | 'workingDirectory'>,
  error: Error,
): RunEnd {
  const code = errorCode(error)
  const why = code === 'ENOENT' ? 'is not there' : code === 'EACCES' ? 'may not be executed' : error.message
  return {
    exitCode: code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE,
    notStarted: `${program.file} ${why} (started in ${workingDirectory})`,
  }
}
