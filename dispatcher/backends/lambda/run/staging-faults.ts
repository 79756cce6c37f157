/** What the staging bucket refuses, in the words of the error catalogue. Pure. */
import { asError, SpillwayError } from '../../../../runtime/contract/errors.js'

/** Nothing was answered, or what another call may not meet again. */
const MAY_PASS = (status: number | undefined) => status === undefined || status >= 500 || [408, 429].includes(status)

/** `backend-unavailable` for what may pass, `aws-refused` for the rest. */
export function stagingFault(bucket: string, thrown: unknown): SpillwayError {
  const { name, message } = asError(thrown)
  const status = (Object(thrown) as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  const words = [status, name, message].filter((word) => word !== undefined && word !== '').join(' ')
  return MAY_PASS(status)
    ? new SpillwayError('backend-unavailable', `the staging bucket ${bucket} does not answer: ${words}`)
    : new SpillwayError('aws-refused', `the staging bucket ${bucket} refuses a call of the dispatcher: ${words}`)
}
