/** A job of the runtime contract as an attempt on Lambda, and what became of it as the contract sees it. */
import type { LambdaCall } from '../../../runtime/contract/lambda-call.js'
import { baseName } from '../../../runtime/contract/object-event.js'
import { s3Notification } from '../../../runtime/events/s3-notification.js'
import type { Job, JobEnd } from '../../suites/runtime-contract.suite.js'
import type { SmallS3 } from '../s3/small-s3.js'
import { attemptCall, StagedAttempt } from './attempt-call.js'
import { STAGING_BUCKET } from './small-lambda.js'

export function callForJob({ input, timeout = 30 }: Job, s3: SmallS3): LambdaCall {
  if (!input) return attemptCall({ timeout })
  if ('request' in input) {
    const { body } = input.request
    const data = Buffer.from(body).toString('base64')
    return attemptCall({ timeout, event: jsonOr(body), input: { kind: 'inline', name: 'body', data } })
  }
  const { key, content } = input.object
  const size = Buffer.byteLength(content)
  s3.put(`plants/${key}`, content)
  const event = { storage: 'lake', bucket: 'plants', key, size, time: '2026-08-01T12:00:00.000Z' }
  return attemptCall({
    timeout,
    event: s3Notification(event, 's3'),
    objectKey: key,
    input: { kind: 's3', bucket: 'plants', key, size, name: baseName(key) },
    wantsResult: false,
  })
}

export function endOfJob(call: LambdaCall, s3: SmallS3, functionName: string): JobEnd {
  const staged = new StagedAttempt(s3, STAGING_BUCKET, functionName, call)
  const document = staged.outcome
  if (!document) throw new Error('there is no outcome')
  const { outcome } = document
  return {
    invocation: call.invocation,
    outcome: outcome.outcome,
    outputs: staged.results,
    log: staged.log,
    ...(outcome.outcome === 'failed' ? { cause: outcome.cause } : {}),
    ...(outcome.exitCode === undefined ? {} : { exitCode: outcome.exitCode }),
    ...(outcome.result ? { result: outcome.result.body } : {}),
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
