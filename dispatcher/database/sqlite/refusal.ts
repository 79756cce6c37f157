/** Tells a disk that refuses from a statement that is wrong. */
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import { codeOf, unavailable } from '../refusal.js'

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html, after which nothing can be said about the file. */
const REFUSALS = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|BUSY|LOCKED|PERM|NOMEM|PROTOCOL|AUTH)(_|$)/

export const isRefusal = (error: unknown): boolean => REFUSALS.test(codeOf(error))

export const fileUnavailable = (path: string, error: unknown): SpillwayError =>
  unavailable(path, error, 'Look at the free space and the health of the disk.')

/** For people who start a dispatcher: what is wrong with the path they gave. */
export function cannotOpen(path: string, error: unknown): Error {
  const cause = asError(error)
  if (cause instanceof SpillwayError) return cause
  if (/^SQLITE_(FULL|IOERR|BUSY)/.test(codeOf(cause))) return fileUnavailable(path, cause)
  return new SpillwayError(
    'invalid-configuration',
    `database must be a file that can be opened or made, got ${path} (${cause.message}). ` +
      'Its directory must exist and be writable; a file that is there must be a Spillway database.',
    {},
    { cause },
  )
}
