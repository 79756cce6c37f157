/** The one catalogue of errors that users and programs meet. Codes are promised, messages are not. */

interface ErrorFacts {
  /** HTTP status of the API's answer. */
  status: number
  /** The same call may succeed later. */
  retryable: boolean
  title: string
}

const error = (status: number, retryable: boolean, title: string): ErrorFacts =>
  Object.freeze({ status, retryable, title })

export const ERRORS = Object.freeze({
  'invalid-request': error(400, false, 'The request is not of the form that the API describes'),
  'invalid-spec': error(422, false, 'The function spec has problems'),
  'invalid-configuration': error(500, false, 'The configuration has problems'),
  'token-missing': error(401, false, 'The call needs a token'),
  'token-invalid': error(401, false, 'The token is unknown or has run out'),
  'token-forbidden': error(403, false, 'The token is for another kind of caller'),
  'function-not-found': error(404, false, 'There is no such function'),
  'invocation-not-found': error(404, false, 'There is no such invocation'),
  'event-not-found': error(404, false, 'There is no such notification in quarantine'),
  'route-not-found': error(404, false, 'There is no such path'),
  'object-not-found': error(404, false, 'There is no such object'),
  'bucket-not-found': error(404, false, 'There is no such bucket'),
  'invalid-key': error(400, false, 'The storage cannot hold an object of that name'),
  'move-refused': error(409, false, 'The invocation is not in a state that allows this'),
  'idempotency-conflict': error(409, false, 'The idempotency key was used for another body'),
  'attempt-fenced': error(409, false, 'The attempt is no longer the newest of its invocation'),
  'worker-dismissed': error(410, false, 'The worker is not wanted any more'),
  'body-too-large': error(413, false, 'The body is larger than the API takes'),
  'output-refused': error(422, false, 'A result has a name or place that is not allowed'),
  'fits-nowhere': error(422, false, 'No back-end can run this work'),
  'invalid-job-list': error(422, false, 'The job list cannot be read'),
  draining: error(503, true, 'The dispatcher is stopping and takes no new work'),
  'database-unavailable': error(503, true, 'The dispatcher cannot write to its database and takes no new work'),
  'database-locked': error(500, false, 'Another dispatcher has this database open'),
  'storage-unavailable': error(503, true, 'The storage cannot be reached'),
  'storage-refused': error(502, false, 'The storage refuses the call'),
  'webhook-missing': error(422, false, 'The storage has no webhook that leads to this dispatcher'),
  'backend-unavailable': error(503, true, 'The back-end cannot be reached'),
  'image-refused': error(422, false, 'The image cannot be used'),
  'registry-refused': error(502, false, 'The registry refuses the call'),
  'registry-unavailable': error(503, true, 'The registry cannot be reached'),
  'aws-refused': error(502, false, 'AWS refuses the call'),
  'not-available': error(501, false, 'This version cannot do that'),
  'dispatcher-unreachable': error(503, true, 'No dispatcher answers'),
  internal: error(500, false, 'A fault of Spillway itself'),
})

export type ErrorCode = keyof typeof ERRORS

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[]

/** A fault that is not a bug: it has a code, and its message says where, what was expected, what came, what to do. */
export class SpillwayError extends Error {
  override readonly name = 'SpillwayError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Further facts for programs, e.g. the list of problems. */
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

const GONE: readonly ErrorCode[] = ['object-not-found', 'bucket-not-found', 'invalid-key']
const REFUSALS: readonly ErrorCode[] = ['storage-refused', 'aws-refused']

/** A storage has said that there is no such object, which it will say again. */
export const isGone = (thrown: unknown): boolean => thrown instanceof SpillwayError && GONE.includes(thrown.code)

/** Nobody answers, or keys and rights are being changed: it may be over later, and nothing is lost meanwhile. */
export const mayPass = (thrown: unknown): thrown is SpillwayError =>
  thrown instanceof SpillwayError && (thrown.retryable || REFUSALS.includes(thrown.code))

/** `application/problem+json`, https://www.rfc-editor.org/rfc/rfc9457 */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  detail: string
  code: ErrorCode
  [extra: string]: unknown
}

export function problemDocument(fault: SpillwayError): ProblemDocument {
  const { status, title } = ERRORS[fault.code]
  return {
    ...fault.details,
    type: `urn:spillway:error:${fault.code}`,
    title,
    status,
    detail: fault.message,
    code: fault.code,
  }
}

/** Whatever was thrown, as an Error: also texts, undefined and objects whose getters throw. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  try {
    return new Error(String(thrown))
  } catch {
    return new Error('something was thrown that cannot be printed')
  }
}
