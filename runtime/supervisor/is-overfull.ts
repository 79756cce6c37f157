/**
 * Whether directories hold more than they may. A worker whose disk is limited is sent away for that with the same signal
 * as for anything else, so it has to look for itself. Synchronous: it is about to end, and so is what it runs.
 */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const BYTES_PER_MEGABYTE = 1024 ** 2
const BYTES_PER_BLOCK = 512

/** Milliseconds after which it gives up, and is taken for not full. */
const LOOK_MS_MAX = 500

export function isOverfull(directories: readonly string[], megabytes: number, now: () => number): boolean {
  const until = now() + LOOK_MS_MAX
  const waiting = [...directories]
  let bytes = 0
  for (let path = waiting.pop(); path !== undefined && now() < until; path = waiting.pop()) {
    for (const entry of entriesOf(path)) {
      if (entry.isDirectory()) waiting.push(join(path, entry.name))
      else bytes += sizeOf(join(path, entry.name))
    }
    if (bytes > megabytes * BYTES_PER_MEGABYTE) return true
  }
  return false
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    return []
  }
}

/** What it takes on the disk, which for a file with holes is less than its length. */
function sizeOf(path: string): number {
  try {
    return lstatSync(path).blocks * BYTES_PER_BLOCK
  } catch {
    return 0
  }
}
