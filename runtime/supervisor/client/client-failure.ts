/** Why a runtime client failed, in one line. Pure. */
import type { RunEnd } from '../run-script.js'
import type { ClientAnswer } from './client-api.js'

/** Trailer of a streamed answer that broke off: the error, in base64. */
const ERROR_BODY = 'lambda-runtime-function-error-body'

/** What it said, for an error that it reported. */
export function reportedFailure({ headers, body }: ClientAnswer): string {
  const trailer = headers[ERROR_BODY]
  const text = typeof trailer === 'string' ? Buffer.from(trailer, 'base64').toString() : body.toString()
  const { errorType, errorMessage } = fieldsOf(text)
  return [errorType, errorMessage ?? text.slice(0, 1000)].filter(Boolean).join(': ') || 'it gave no reason'
}

/** How it ended, for one that ended before it answered. */
export function endedFailure(end: RunEnd, initError: ClientAnswer | undefined): string {
  if (end.notStarted !== undefined) return `the runtime client could not be started: ${end.notStarted}`
  if (initError) return `the runtime client could not start: ${reportedFailure(initError)}`
  const how = end.signal ? `was ended by ${end.signal}` : `ended with exit code ${end.exitCode}`
  return `the runtime client ${how} before it answered; its log says more`
}

function fieldsOf(text: string): { errorType?: string; errorMessage?: string } {
  try {
    const { errorType, errorMessage } = Object(JSON.parse(text)) as Record<string, unknown>
    return {
      ...(typeof errorType === 'string' ? { errorType } : {}),
      ...(typeof errorMessage === 'string' ? { errorMessage } : {}),
    }
  } catch {
    return {}
  }
}
