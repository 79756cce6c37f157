/** What it means that Lambda did not answer a call: whether to wait, to give up, or to look whether it runs. Pure. */
import type { Cause } from '../../../../runtime/contract/outcome.js'

export type Refusal =
  /** It does not run; the same call may be taken later. */
  | { kind: 'wait'; cause: Cause; message: string; concurrency: boolean; ofFunction?: true }
  /** It does not run: the function is not in a state to be called. */
  | { kind: 'state'; message: string }
  /** It does not run, and will not. */
  | { kind: 'refused'; cause: Cause; message: string; ofFunction?: true }
  /** It may run or not. */
  | { kind: 'unknown'; message: string }

/** Faults of the network by which a call cannot have arrived. */
const NOT_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors */
const STATE = ['ResourceConflictException', 'ResourceNotReadyException']
const BAD_IMAGE = ['InvalidRuntimeException', 'InvalidZipFileException', 'InvalidParameterValueException']
/** Refused by the policy of our keys, which names functions; keys that are no good have other names. */
const DENIED = 'AccessDeniedException'
/** The function has all that was reserved for it. */
const OWN_LIMIT = /^Reserved/
/** Of networks, file systems and keys that the function is set up with. */
const SURROUNDINGS = /^(EC2|EFS|ENI|KMS|Subnet|SnapStart|S3Files)/

interface Thrown {
  name?: string
  message?: string
  code?: string
  Reason?: string
  $metadata?: { httpStatusCode?: number }
}

export function readRefusal(thrown: unknown, functionName: string): Refusal {
  const { name = '', message = '', code = '', Reason: reason, $metadata } = Object(thrown) as Thrown
  const status = $metadata?.httpStatusCode
  const words = [name, reason ?? message].filter(Boolean).join(': ')
  if (status === undefined) return withoutAnswer({ name, code, words: message || code || name })
  if (status === 429) return throttled(reason, words)
  if (STATE.includes(name)) return { kind: 'state', message: words }
  if (BAD_IMAGE.includes(name)) return { kind: 'refused', cause: 'image', message: words }
  if (status === 404)
    return {
      kind: 'refused',
      cause: 'backend-unavailable',
      ofFunction: true,
      message: `there is no function ${functionName} at AWS; deploy the service`,
    }
  const unavailable = { cause: 'backend-unavailable', message: words } as const
  if (SURROUNDINGS.test(name)) return { kind: 'wait', ...unavailable, concurrency: false, ofFunction: true }
  if (status >= 500 || status === 408) return { kind: 'wait', ...unavailable, concurrency: false }
  if (name === DENIED) return { kind: 'refused', ...unavailable, ofFunction: true }
  return { kind: 'refused', ...unavailable, ...(status === 413 ? { cause: 'internal' } : {}) }
}

function throttled(reason = '', message: string): Refusal {
  const wait = { kind: 'wait', cause: 'throttled', message, concurrency: /Concurrent/.test(reason) } as const
  return OWN_LIMIT.test(reason) ? { ...wait, ofFunction: true } : wait
}

function withoutAnswer({ name, code, words }: { name: string; code: string; words: string }): Refusal {
  const message = `Lambda did not answer: ${words}`
  if (NOT_REACHED.includes(code)) return { kind: 'wait', cause: 'backend-unavailable', message, concurrency: false }
  if (/Credential|Token|Region/.test(name)) return { kind: 'refused', cause: 'backend-unavailable', message }
  return { kind: 'unknown', message }
}
