/** What an earlier life of the dispatcher left behind: workers that still run may finish, dead ones are swept up. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { killGroupOf, workerPid } from './worker-process.js'

/** Removes the directories of dead workers and kills the scripts they left; answers how many still run. */
export function sweep(parent: string): number {
  let alive = 0
  for (const name of entries(parent)) {
    const directory = join(parent, name)
    if (isWorker(workerPid(directory), directory)) {
      alive++
      continue
    }
    killGroupOf(directory)
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  return alive
}

/** The pid may have gone to another program since: on Linux its environment tells. */
function isWorker(pid: number | undefined, directory: string): boolean {
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(directory)
  } catch {
    return process.platform !== 'linux'
  }
}

function entries(parent: string): string[] {
  try {
    return readdirSync(parent)
  } catch {
    return []
  }
}
