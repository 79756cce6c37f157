/** Tells a server that refuses or is gone from a statement that is wrong. */
import { asError, SpillwayError } from '../../../runtime/contract/errors.js'
import { codeOf, unavailable } from '../refusal.js'

/**
 * SQLSTATE classes, https://www.postgresql.org/docs/current/errcodes-appendix.html, that say nothing about the
 * statement: connection, resources, operator, system, corruption; read-only servers and locks that others hold.
 */
const REFUSALS = /^(08|53|57|58|XX0|25006$|25P0[34]$|55P03$)/

/** The same work may succeed when it is run again at once: deadlock, serialization. */
const CONFLICTS = /^40(001|P01)$/

/** Wrong words in the configuration: user, password, database, rights. */
const CONFIGURATION = /^(28|3D000$|42501$)/

/** An older server does not know what we set. */
const UNKNOWN_SETTING = '42704'

export const isRefusal = (error: unknown): boolean => !isSqlState(codeOf(error)) || REFUSALS.test(codeOf(error))

/** The server has become a standby, or is told to take no writes; another one may have taken its name. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006'

export const isConflict = (error: unknown): boolean => CONFLICTS.test(codeOf(error))

/** The server itself has answered; anything else that fails is the way to it. */
export const isAnswer = (error: unknown): boolean => isSqlState(codeOf(error))

/** Five characters, of which at least one is a digit: Node's own codes have none. */
const isSqlState = (code: string): boolean => /^(?=.*\d)[0-9A-Z]{5}$/.test(code)

export const serverUnavailable = (name: string, error: unknown): SpillwayError =>
  unavailable(name, error, 'Look at the server and the way to it; the dispatcher connects again by itself.')

export const replaced = (name: string): SpillwayError =>
  new SpillwayError(
    'database-unavailable',
    `${name} was opened by another dispatcher since, or is not the database any more that it was. Nothing of this call ` +
      'was recorded. This dispatcher records nothing any more: stop it, or stop the other one and start this one again.',
  )

export const outgrown = (name: string, { has, knows }: { has: number; knows: number }): SpillwayError =>
  new SpillwayError(
    'database-unavailable',
    `${name} has been brought to format ${has} by a newer Spillway, and this one writes format ${knows}. Nothing of this ` +
      'call was recorded. This dispatcher records nothing any more: stop it, and start the newer version in its place.',
  )

export const unknownEnd = (name: string): SpillwayError =>
  new SpillwayError(
    'database-unavailable',
    `The way to ${name} broke while it was recording this call, and it could not be asked since whether it did. ` +
      'Send it again with the same idempotency key, or look first.',
  )

/** For people who start a dispatcher. Statements that are wrong are bugs and stay what they are. */
export function cannotOpen(name: string, error: unknown): Error {
  const cause = asError(error)
  if (cause instanceof SpillwayError) return cause
  if (CONFIGURATION.test(codeOf(cause)) || isWithoutPassword(cause)) return wrongWords(name, cause)
  return isRefusal(cause) || codeOf(cause) === UNKNOWN_SETTING ? notReached(name, cause) : cause
}

/** The client's own words, before the server has said any. */
const isWithoutPassword = (error: Error): boolean => /^SASL: .*password must be/.test(error.message)

const wrongWords = (name: string, cause: Error) =>
  new SpillwayError(
    'invalid-configuration',
    `database must be one that its user may connect to and make a schema in, got ${name} (${cause.message}). ` +
      'The password is taken from SPILLWAY_DATABASE_PASSWORD, SPILLWAY_DATABASE_PASSWORD_FILE, the URL, or PGPASSWORD.',
    {},
    { cause },
  )

const notReached = (name: string, cause: Error) =>
  new SpillwayError(
    'database-unavailable',
    `${name} cannot be opened (${codeOf(cause) ? `${codeOf(cause)}: ` : ''}${cause.message}). ` +
      'Look at host, port and sslmode, and at the log of the server; it must be PostgreSQL 14 or newer.',
    {},
    { cause },
  )
