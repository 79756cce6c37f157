/** Answers to Lambda: a failure is an error of the function, and nothing is larger than Lambda takes. */
import { LAMBDA_LIMITS } from '../../contract/aws-limits.js'
import type { LambdaAnswer } from '../../contract/lambda-function.js'
import type { ResultBody } from '../../contract/outcome.js'
import { RUNTIME_HEADERS } from '../../contract/runtime-api.js'
import type { LambdaEvent } from './lambda-event.js'
import type { LambdaHost } from './lambda-host.js'

export interface FunctionError {
  errorType: string
  errorMessage: string
}

/** Bytes beside the results for which there is always room. */
const ENVELOPE_BYTES = 64 * 1024

export async function answerRuns(event: LambdaEvent, { api }: LambdaHost, answer: LambdaAnswer): Promise<void> {
  await api.respond(event.id, fitting(answer))
}

export async function answerError(event: LambdaEvent, { api }: LambdaHost, error: FunctionError): Promise<void> {
  const body = Buffer.from(JSON.stringify({ ...error, stackTrace: [] }))
  await api.fail(event.id, body, { [RUNTIME_HEADERS.errorType]: error.errorType })
}

/** A result that would make the answer too large is cut, and says so; a list of outputs as long as that is left out. */
export function fitting(answer: LambdaAnswer, bytesMax: number = LAMBDA_LIMITS.payloadBytes): Buffer {
  const whole = Buffer.from(JSON.stringify(answer))
  if (whole.length <= bytesMax) return whole
  const runs = answer.runs.map(({ result, ...run }) =>
    result ? { ...run, result: cut(result, bytesMax - ENVELOPE_BYTES) } : { ...run, outputs: [] },
  )
  return Buffer.from(JSON.stringify({ runs }))
}

/** JSON may write a character with up to six bytes. */
function cut(result: ResultBody, bytesMax: number): ResultBody {
  let { body } = result
  while (Buffer.byteLength(JSON.stringify(body)) > bytesMax) {
    const share = bytesMax / Buffer.byteLength(JSON.stringify(body))
    const length = Math.floor(body.length * share * 0.99)
    body = body.slice(0, result.encoding === 'base64' ? length - (length % 4) : wholeCharacters(body, length))
  }
  return { ...result, body, truncated: true }
}

/** Not between the two halves of a character beyond the first plane. */
const wholeCharacters = (text: string, length: number) =>
  /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length
