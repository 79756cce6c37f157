/** Carries a cause from where it is noticed to where the outcome is made. */
import { asError } from '../contract/errors.js'
import { failed, type Cause, type Failed } from '../contract/outcome.js'

export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure'
  constructor(
    readonly attemptCause: Cause,
    message: string,
  ) {
    super(message)
  }
}

/** Whatever was thrown, as an outcome; what nobody foresaw is our own fault. */
export function failureFrom(thrown: unknown): Failed {
  if (thrown instanceof AttemptFailure) return failed({ cause: thrown.attemptCause, message: thrown.message })
  const error = asError(thrown)
  if (errorCode(error) === 'ENOSPC')
    return failed({ cause: 'no-space', message: `the scratch space is full: ${error.message}` })
  return failed({ cause: 'internal', message: `the supervisor failed: ${error.message}` })
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
