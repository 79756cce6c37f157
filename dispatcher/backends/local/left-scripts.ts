/** Ends the scripts that a dead worker left behind: those of its process group, and those that left the group. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROCESS_GROUP_FILE } from '../../../runtime/contract/worker-environment.js'

const ROUNDS_MAX = 5

/**
 * On Linux a process tells by its environment whose it is; only such ones are killed, and groups that have one: after a
 * restart of the machine the numbers are somebody else's. Elsewhere the group has to do.
 */
export function killLeftScripts(directory: string): void {
  const group = readNumber(join(directory, 'scratch', PROCESS_GROUP_FILE))
  if (process.platform !== 'linux') return kill(group === undefined ? undefined : -group)
  // They may start others while we look.
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const left = processesOf(directory)
    if (left.length === 0) return
    if (group !== undefined && left.some((pid) => groupOf(pid) === group)) kill(-group)
    left.forEach(kill)
  }
}

/** The number in a file; undefined when there is none. */
export function readNumber(path: string): number | undefined {
  const text = textOf(path)
  return /^[0-9]+$/.test(text) && Number(text) > 1 ? Number(text) : undefined
}

/** True when the process was started with something below the directory in its environment. */
export const isOf = (pid: number, directory: string): boolean =>
  textOf(`/proc/${pid}/environ`).includes(`=${Buffer.from(directory).toString('latin1')}/`)

const processesOf = (directory: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && isOf(pid, directory))

/** Field 5 of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the name before may hold anything. */
function groupOf(pid: number): number {
  const text = textOf(`/proc/${pid}/stat`)
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[2])
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
