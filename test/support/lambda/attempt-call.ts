/** The event by which a dispatcher hands an attempt to a function, and what lies in the staging bucket afterwards. */
import { randomUUID } from 'node:crypto'
import { STAGED, type LambdaCall, type OutcomeDocument } from '../../../runtime/contract/lambda-call.js'
import { attemptPrefix } from '../../../runtime/contract/lambda-function.js'
import type { LogLine } from '../../../runtime/contract/runtime-api.js'
import type { SmallS3 } from '../s3/small-s3.js'

export const attemptCall = (more: Partial<LambdaCall> = {}): LambdaCall => ({
  spillway: 'attempt',
  invocation: randomUUID(),
  attempt: 1,
  release: 3,
  event: { Records: [] },
  eventTime: '2026-08-01T12:00:00.000Z',
  wantsResult: true,
  timeout: 20,
  heartbeatSeconds: 10,
  ...more,
})

export class StagedAttempt {
  readonly place: string
  readonly #s3: SmallS3

  constructor(s3: SmallS3, bucket: string, functionName: string, { invocation, attempt }: LambdaCall) {
    this.#s3 = s3
    this.place = `${bucket}/${attemptPrefix(functionName, invocation, attempt)}`
  }

  get outcome(): OutcomeDocument | undefined {
    const text = this.#s3.text(this.place + STAGED.outcome)
    return text === undefined ? undefined : (JSON.parse(text) as OutcomeDocument)
  }

  get log(): LogLine[] {
    const text = this.#s3.text(this.place + STAGED.log(this.outcome?.execution ?? '')) ?? ''
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** Content of the results by name. */
  get results(): Record<string, string> {
    const document = this.outcome
    if (document?.outcome.outcome !== 'succeeded') return {}
    const textOf = (index: number) => this.#s3.text(this.place + STAGED.output(document.execution, index)) ?? ''
    return Object.fromEntries(document.outcome.outputs.map((name, index) => [name, textOf(index)]))
  }
}
