/** What callers are told when the database does not take what they have. */
import { asError, SpillwayError } from '../../runtime/contract/errors.js'

export const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

export const isUnavailable = (error: unknown): error is SpillwayError =>
  error instanceof SpillwayError && error.code === 'database-unavailable'

/** What callers get for everything that could not be recorded. */
export function unavailable(name: string, error: unknown, advice: string): SpillwayError {
  const cause = asError(error)
  const code = codeOf(error)
  return new SpillwayError(
    'database-unavailable',
    `${name} takes no writes (${code ? `${code}: ` : ''}${cause.message}). Nothing of this call was recorded; ` +
      `send it again later. ${advice}`,
    {},
    { cause },
  )
}

export const closed = (name: string): SpillwayError =>
  new SpillwayError('database-unavailable', `${name} has been closed: the dispatcher is stopping. Send it again later.`)
