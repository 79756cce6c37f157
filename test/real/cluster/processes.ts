/** Programs of the cluster: started inside its network namespace and control group, stopped by id. */
import { execFile, execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.js'
import { joinFile, processesOf, sendSignal } from './control-group.js'
import type { ClusterPlace } from './place.js'

export interface Program {
  /** Names its log and its id file below the cluster's directory. */
  name: string
  command: string
  args: string[]
  environment?: Record<string, string>
}

/** Joins the control group before anything else, so that whatever becomes of it, it is found there. */
const START = 'echo $$ > "$1" && log=$2 && shift 2 && { setsid "$@" < /dev/null >> "$log" 2>&1 & echo $!; }'

/** Runs on after this process; ends with the cluster at the latest. Does nothing when it runs already. */
export function startProgram(place: ClusterPlace, { name, command, args, environment }: Program): void {
  if (pidOf(place, name) !== undefined) return
  for (const folder of ['logs', 'pids']) mkdirSync(join(place.directory, folder), { recursive: true })
  const log = join(place.directory, 'logs', `${name}.log`)
  const words = [joinFile(place.controlGroup), log, ...entering(place, [command, ...args])]
  const options = { cwd: place.directory, env: { ...process.env, ...environment } }
  writeFileSync(pidFile(place, name), execFileSync('/bin/sh', ['-c', START, 'sh', ...words], options))
}

/** Ends it at once, as a lost machine would, and waits until it is gone. */
export async function stopProgram(
  place: ClusterPlace,
  name: string,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  const pid = pidOf(place, name)
  if (pid === undefined) return
  sendSignal(pid, signal)
  await eventually(() => !processesOf(place.controlGroup).includes(pid), { what: `the end of ${name}` })
  rmSync(pidFile(place, name), { force: true })
}

/** Undefined when it does not run. */
export function pidOf(place: ClusterPlace, name: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile(place, name), 'utf8'))
    return processesOf(place.controlGroup).includes(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

export interface Run {
  input?: string | Buffer
  environment?: Record<string, string>
  timeoutMs?: number
}

/** Runs a command to its end inside the cluster's network; resolves to its standard output. */
export const runInside = (place: ClusterPlace, command: string[], run?: Run): Promise<string> =>
  runCommand(entering(place, command), run)

export function runCommand([program, ...words]: string[], run: Run = {}): Promise<string> {
  const { input = '', environment, timeoutMs = 60_000 } = run
  const options = { env: { ...process.env, ...environment }, timeout: timeoutMs, maxBuffer: 2 ** 28 }
  return new Promise((resolve, reject) => {
    const child = execFile(program!, words, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${[program, ...words].slice(0, 8).join(' ')}: ${stderr.trim() || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

export interface Spawn {
  environment?: Record<string, string>
  stdio?: StdioOptions
  cwd?: string
}

/** A child of this process that lives inside the cluster's network; the caller ends it. */
export function spawnInside(place: ClusterPlace, command: string[], options: Spawn = {}): ChildProcess {
  const { environment, ...rest } = options
  const [program, ...words] = entering(place, command)
  return spawn(program!, words, { ...rest, env: { ...process.env, ...environment } })
}

const pidFile = (place: ClusterPlace, name: string) => join(place.directory, 'pids', name)

const entering = ({ networkNamespace }: ClusterPlace, command: string[]): string[] => [
  'nsenter',
  `--net=${networkNamespace}`,
  ...command,
]
