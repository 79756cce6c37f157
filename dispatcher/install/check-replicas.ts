/** Whether several pods can share what the file says. Pure. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import { formatProblems, type Problem } from '../../runtime/contract/problem.js'
import type { DispatcherFile } from './plan.js'

/** Throws with everything that is in the way of so many pods. */
export function checkReplicas(replicas: number, file: DispatcherFile): void {
  const problems = replicas > 1 ? [...databaseProblems(file), ...storageProblems(file)] : []
  if (problems.length === 0) return
  throw new SpillwayError(
    'invalid-configuration',
    `--replicas ${replicas} needs what all pods can share:\n${formatProblems(problems)}`,
    { problems },
  )
}

function databaseProblems({ database }: DispatcherFile): Problem[] {
  if (typeof database === 'string' && /^postgres(ql)?:/.test(database)) return []
  const expected = 'must be a PostgreSQL database: a SQLite file takes one dispatcher'
  return [{ path: 'database', expected, fix: 'Write postgres://user@host/database, or install one replica.' }]
}

function storageProblems({ storage }: DispatcherFile): Problem[] {
  const folders = Object.entries((storage ?? {}) as Record<string, { type?: unknown } | null>)
  return folders
    .filter(([, one]) => one?.type === 'directory')
    .map(([name]) => ({
      path: `storage.${name}`,
      expected: 'must not be a folder: each pod has a disk of its own',
      fix: 'Use MinIO or another storage of type s3, or install one replica.',
    }))
}
