/** What it means that Lambda did not answer a call: whether to wait, to give up, or to look whether it runs. Pure. */
import type { Cause } from '../../../../runtime/contract/outcome.js'

export type Refusal =
  /** It does not run; the same call may be taken later. */
  | { kind: 'wait'; cause: Cause; message: string; concurrency: boolean }
  /** It does not run: the function is not in a state to be called. */
  | { kind: 'state'; message: string }
  /** It does not run, and will not. */
  | { kind: 'refused'; cause: Cause; message: string }
  /** It may run or not. */
  | { kind: 'unknown'; message: string }

/** Faults of the network by which a call cannot have arrived. */
const NOT_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors */
const STATE = ['ResourceConflictException', 'ResourceNotReadyException']
const BAD_IMAGE = ['InvalidRuntimeException', 'InvalidZipFileException', 'InvalidParameterValueException']
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
  if (status === 429)
    return { kind: 'wait', cause: 'throttled', message: words, concurrency: /Concurrent/.test(reason ?? '') }
  if (STATE.includes(name)) return { kind: 'state', message: words }
  if (BAD_IMAGE.includes(name)) return { kind: 'refused', cause: 'image', message: words }
  if (status === 404)
    return {
      kind: 'refused',
      cause: 'backend-unavailable',
      message: `there is no function ${functionName} at AWS; deploy the service`,
    }
  if (status >= 500 || status === 408 || SURROUNDINGS.test(name))
    return { kind: 'wait', cause: 'backend-unavailable', message: words, concurrency: false }
  return { kind: 'refused', cause: status === 413 ? 'internal' : 'backend-unavailable', message: words }
}

function withoutAnswer({ name, code, words }: { name: string; code: string; words: string }): Refusal {
  const message = `Lambda did not answer: ${words}`
  if (NOT_REACHED.includes(code)) return { kind: 'wait', cause: 'backend-unavailable', message, concurrency: false }
  if (/Credential|Token|Region/.test(name)) return { kind: 'refused', cause: 'backend-unavailable', message }
  return { kind: 'unknown', message }
}
