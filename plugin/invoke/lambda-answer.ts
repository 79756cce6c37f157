/** What a function on Lambda has answered. Pure. */
import { asError } from '../../runtime/contract/errors.js'
import { causeOfErrorType, type LambdaAnswer } from '../../runtime/contract/lambda-function.js'

/** Undefined for the answer of a program with a runtime client of its own. */
export function runsIn(payload: Buffer): LambdaAnswer['runs'] | undefined {
  try {
    const { runs } = JSON.parse(payload.toString('utf8')) as Partial<LambdaAnswer>
    return Array.isArray(runs) && runs.every(({ outputs }) => Array.isArray(outputs)) ? runs : undefined
  } catch {
    return undefined
  }
}

/** `timeout: the script took longer than 300 s` */
export function failureIn(payload: Buffer): string {
  try {
    const { errorType = '', errorMessage = '' } = JSON.parse(payload.toString('utf8')) as Record<string, string>
    return [causeOfErrorType(errorType) ?? errorType, errorMessage].filter(Boolean).join(': ')
  } catch (error) {
    return `the function failed, and its answer cannot be read: ${asError(error).message}`
  }
}
