/** The processes of a dispatcher under test, found by the directory of the test that is in their environment. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Supervisors that a dispatcher with this directory started, and that still are. */
export function workerPids(directory: string): number[] {
  const workers = join(directory, 'state', 'local', 'workers')
  return entries(workers)
    .map((name) => Number(text(join(workers, name, 'pid'))))
    .filter((pid) => pid > 1 && text(`/proc/${pid}/environ`).includes(directory))
}

/** Supervisors and scripts: every process with the directory of the test in its environment. */
export const processesOf = (directory: string): number[] =>
  entries('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && text(`/proc/${pid}/environ`).includes(`=${directory}`))

/** False when there was nothing to send it to. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
