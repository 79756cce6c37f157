/** One at a time may start or stop a cluster of a name. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.js'
import { sendSignal } from './control-group.js'
import type { ClusterPlace } from './place.js'

const LONGEST_START_MS = 300_000

export async function withLock<T>({ directory }: ClusterPlace, act: () => Promise<T>): Promise<T> {
  const lock = `${directory}.lock`
  await eventually(() => take(lock), { timeoutMs: LONGEST_START_MS, everyMs: 200, what: `the turn at ${directory}` })
  try {
    return await act()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** A lock whose holder is dead is broken, for the next try. */
function take(lock: string): boolean {
  const owner = join(lock, 'owner')
  try {
    mkdirSync(lock)
    writeFileSync(owner, String(process.pid))
    return true
  } catch {
    if (!sendSignal(Number(readFileSync(owner, 'utf8')), 0)) rmSync(lock, { recursive: true, force: true })
    return false
  }
}
