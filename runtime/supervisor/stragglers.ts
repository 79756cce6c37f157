/** Processes that left their group to outlive their script; on Linux their environment still tells whose they are. */
import { hasVariable, processIds, processIdsSince } from './processes.js'

const ROUNDS_MAX = 5

/**
 * Kills every process that was started with this workspace's output directory in its environment; with the id of the
 * script, only younger ones are looked at.
 */
export function killStragglers(outputDirectory: string, script?: number): void {
  const candidates = () => (script === undefined ? processIds() : processIdsSince(script))
  // They may start others while we look.
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = candidates().filter((id) => hasVariable(id, `TMP_OUTPUT_DIR=${outputDirectory}`))
    if (found.length === 0) return
    found.forEach(kill)
  }
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
