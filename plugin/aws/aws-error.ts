/** What AWS refuses, as an error that says what was asked. */
import { asError, SpillwayError } from '../../runtime/contract/errors.js'

/** Faults of the person's machine, not of AWS: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html */
const NO_CREDENTIALS = /credential|token.*expired|security token/i

/** `what`: the sentence after "AWS does not": `let us read the notifications of bucket x`. */
export function awsError(what: string, error: unknown): SpillwayError {
  if (error instanceof SpillwayError) return error
  const { name, message } = asError(error)
  const advice = NO_CREDENTIALS.test(`${name} ${message}`)
    ? ' Check the credentials: AWS_PROFILE, --aws-profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
    : ''
  return new SpillwayError('aws-refused', `AWS does not ${what}: ${name}: ${message}.${advice}`, {}, { cause: error })
}

/** HTTP status of the answer, if there was one. */
export const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
