/** Tells a disk that refuses from a statement that is wrong. */
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html, after which nothing can be said about the file. */
const REFUSALS = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|BUSY|LOCKED|PERM|NOMEM|PROTOCOL|AUTH)(_|$)/

export const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

export const isRefusal = (error: unknown): boolean => REFUSALS.test(codeOf(error))

export const isUnavailable = (error: unknown): error is SpillwayError =>
  error instanceof SpillwayError && error.code === 'database-unavailable'

/** What callers get for everything that could not be recorded. */
export function unavailable(path: string, error: unknown): SpillwayError {
  const cause = asError(error)
  const code = codeOf(error)
  return new SpillwayError(
    'database-unavailable',
    `${path} takes no writes (${code ? `${code}: ` : ''}${cause.message}). Nothing of this call was recorded; ` +
      'send it again later. Look at the free space and the health of the disk.',
    {},
    { cause },
  )
}

export const closed = (path: string): SpillwayError =>
  new SpillwayError('database-unavailable', `${path} has been closed: the dispatcher is stopping. Send it again later.`)

/** For people who start a dispatcher: what is wrong with the path they gave. */
export function cannotOpen(path: string, error: unknown): Error {
  const cause = asError(error)
  if (cause instanceof SpillwayError) return cause
  if (/^SQLITE_(FULL|IOERR|BUSY)/.test(codeOf(cause))) return unavailable(path, cause)
  return new SpillwayError(
    'invalid-configuration',
    `database must be a file that can be opened or made, got ${path} (${cause.message}). ` +
      'Its directory must exist and be writable; a file that is there must be a Spillway database.',
    {},
    { cause },
  )
}
