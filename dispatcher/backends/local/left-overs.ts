/** What an earlier life of the dispatcher left behind: workers that still run may finish, dead ones are swept up. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { killLeftScripts } from './left-scripts.js'
import { workerPid } from './worker-process.js'

/** Ids of workers. */
export interface LeftOvers {
  alive: string[]
  dead: string[]
}

/** Removes the directories of dead workers and kills the scripts they left. */
export function sweep(parent: string): LeftOvers {
  const found: LeftOvers = { alive: [], dead: [] }
  for (const name of entries(parent)) {
    const directory = join(parent, name)
    if (isWorker(workerPid(directory), directory)) {
      found.alive.push(name)
      continue
    }
    killLeftScripts(directory)
    removeAll(directory)
    found.dead.push(name)
  }
  return found
}

/** A container's user may have left files that are not ours to remove. */
function removeAll(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    return
  }
}

/** The pid may have gone to another program since: on Linux its environment or command line tells. */
function isWorker(pid: number | undefined, directory: string): boolean {
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return ['environ', 'cmdline'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(directory))
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
