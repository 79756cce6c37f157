/** What an error of the function means that Lambda tells and its supervisor could not. Pure. */
import { causeOfErrorType } from '../../../../runtime/contract/lambda-function.js'
import { failed, type Cause, type Failed } from '../../../../runtime/contract/outcome.js'
import { formatMegabytes } from '../../../../runtime/contract/units.js'
import { parseReport } from './report-line.js'

export interface ErrorAnswer {
  payload: string
  logTail: string
}

/** Share of the memory from which on a sandbox that was killed has run out of it. */
const FULL = 0.95

/** Errors of the start: of the image, or of what it was told: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html */
const START_ERROR =
  /^(Runtime\.(Invalid\w+|InitError|Unknown|ImportModuleError|HandlerNotFound)|Spillway\.Config|Extension\.\w+)$/
const TIMED_OUT = /Task timed out after ([0-9.]+) seconds/

export function readFunctionError({ payload, logTail }: ErrorAnswer): Failed {
  const { errorType, errorMessage } = fieldsOf(payload)
  const message = errorMessage || payload.slice(0, 500) || 'Lambda gave no reason'
  const known = causeOfErrorType(errorType)
  if (known) return failed({ cause: known, message })
  const seconds = TIMED_OUT.exec(message)?.[1]
  if (seconds !== undefined || errorType === 'Sandbox.Timedout')
    return failed({ cause: 'timeout', message: `Lambda ended the function: ${message}` })
  if (START_ERROR.test(errorType)) return failed({ cause: 'image', message: `${errorType}: ${message}` })
  return exitFailure({ errorType, message, logTail })
}

/** The sandbox's end took the supervisor along. */
function exitFailure({ errorType, message, logTail }: { errorType: string; message: string; logTail: string }): Failed {
  const report = parseReport(logTail)
  const isFull = report !== undefined && report.maxMemoryUsed >= report.memorySize * FULL
  if (errorType === 'Runtime.OutOfMemory' || (isFull && /signal: killed/.test(message)))
    return failed({
      cause: 'out-of-memory',
      message: `the sandbox was killed for lack of memory${report ? `, it has ${formatMegabytes(report.memorySize)}` : ''}; set a larger memorySize`,
    })
  const cause: Cause = /signal: killed/.test(message) ? 'worker-lost' : 'internal'
  return failed({ cause, message: `the supervisor ended before it could report: ${message}` })
}

function fieldsOf(payload: string): { errorType: string; errorMessage: string } {
  try {
    const { errorType, errorMessage } = Object(JSON.parse(payload)) as Record<string, unknown>
    return { errorType: textOf(errorType), errorMessage: textOf(errorMessage) }
  } catch {
    return { errorType: '', errorMessage: '' }
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
