/** What users read when a registry does not do what it is asked. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Answer } from './answer.js'
import type { Call } from './call.js'

/** Of a certificate that this machine does not trust: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_/
const NOT_TLS = /WRONG_VERSION_NUMBER|EPROTO|packet length too long/

/** It did not answer at all. */
export function unreachable({ method, url }: Pick<Call, 'method' | 'url'>, error: Error): SpillwayError {
  if (error instanceof SpillwayError) return error
  const said = wordsOfFault(error)
  const advice = UNTRUSTED.test(said)
    ? ' Name the file of its certificate authority in NODE_EXTRA_CA_CERTS.'
    : NOT_TLS.test(said)
      ? ' It may speak plain HTTP: name it among the insecure registries.'
      : ''
  const message = `The registry ${url.host} did not answer ${method} ${url.pathname}: ${said || 'no connection'}.${advice}`
  return new SpillwayError('registry-unavailable', message, {}, { cause: error })
}

/** A connection that was tried at several addresses has its fault in parts. */
function wordsOfFault(error: Fault): string {
  const { code = '', message } = error.message === '' ? (error.errors?.[0] ?? error) : error
  return message.includes(code) ? message : `${code} ${message}`
}

/** It answered with something else than what was asked for. Takes the rest of the answer. */
export async function refusal(answer: Answer, { method, url }: Pick<Call, 'method' | 'url'>): Promise<SpillwayError> {
  const said = wordsOf(await answer.text().catch(() => ''))
  const isPassing = answer.status === 429 || answer.status >= 500
  const isSignIn = answer.status === 401 || answer.status === 403
  const what = `The registry ${url.host} answered ${answer.status}${said ? ` (${said})` : ''} to ${method} ${url.pathname}.`
  const advice = isSignIn ? ` ${SIGN_IN}` : isPassing ? ' Try again later.' : ''
  return new SpillwayError(isPassing ? 'registry-unavailable' : 'registry-refused', what + advice, {
    status: answer.status,
  })
}

interface Fault extends Error {
  code?: string
  errors?: Fault[]
}

export const SIGN_IN =
  'The name may be wrong, or credentials are missing or do not allow that: sign in with `docker login`, or set ' +
  'SPILLWAY_REGISTRY_<HOST>_USERNAME and _PASSWORD.'

const WORDS_MAX = 300

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
function wordsOf(body: string): string {
  try {
    const { errors, details, error } = JSON.parse(body) as ErrorBody
    const [first] = errors ?? []
    return [first?.code, first?.message ?? details ?? error].filter(Boolean).join(': ').slice(0, WORDS_MAX)
  } catch {
    return body.replace(/\s+/g, ' ').trim().slice(0, WORDS_MAX)
  }
}

interface ErrorBody {
  errors?: { code?: string; message?: string }[]
  details?: string
  error?: string
}
