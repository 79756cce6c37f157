/** One dispatcher per file, or per directory of files: a lock that lasts as long as its holder and goes with it, however it ends. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { codeOf } from '../refusal.js'
import { openPlainly } from './connection.js'

/** Milliseconds to wait for others who look at the lock; one who holds it does not let go in that time. */
const BUSY_TIMEOUT_MS = 250

/**
 * Takes the lock, or throws `database-locked`. It is a transaction that stays open in a small file beside the database
 * (the operating system ends it with the process), so that other programs can still read the database itself.
 */
export function takeLock(path: string): { release(): void } {
  const connection = openPlainly(lockFile(path))
  try {
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    connection.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`)
    return { release: () => connection.close() }
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    connection.close()
    throw codeOf(error).startsWith('SQLITE_BUSY') ? locked(path) : error
  }
}

const lockFile = (path: string) => `${path}-lock`

function locked(path: string): SpillwayError {
  const holder = holderOf(path)
  return new SpillwayError(
    'database-locked',
    `${path} is in use by another dispatcher${holder ? ` (process ${holder})` : ''} and takes one at a time. ` +
      'Stop that one, or give this one another.',
    { path, holder },
  )
}

/** Number of the process that took the lock last; undefined when it cannot be read just now. */
function holderOf(path: string): number | undefined {
  const reader = openPlainly(lockFile(path))
  try {
    return reader.get<{ user_version: number }>('PRAGMA user_version')?.user_version
  } catch {
    return undefined
  } finally {
    reader.close()
  }
}
