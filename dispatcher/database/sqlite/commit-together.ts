/** One transaction for all operations that came together. */
import { CommitFailed, type Outcome } from '../group-commit.js'
import { isUnavailable } from '../refusal.js'
import type { Disk } from './disk.js'
import type { Operation } from './run.js'

export function commitTogether(disk: Disk, operations: readonly Operation<unknown>[]): Outcome[] {
  const values: unknown[] = []
  try {
    disk.transaction((connection) => {
      for (const operation of operations) values.push(operation(connection))
    })
  } catch (error) {
    const isOnes = !isUnavailable(error) && values.length < operations.length
    throw isOnes ? new CommitFailed(values.length, error) : error
  }
  return values.map((value) => () => value)
}

/** In the turn between, what has come in meanwhile is read: it costs microseconds and may save a commit. */
export const twoTurns = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
