/** One attempt of a dispatcher on Lambda: what comes of it lies in the staging bucket, the outcome last. */
import { errorTypeOf } from '../../contract/lambda-function.js'
import type { LambdaCall, StartedDocument } from '../../contract/lambda-call.js'
import type { Outcome } from '../../contract/outcome.js'
import { attemptId } from '../../contract/invocation.js'
import { asError } from '../../contract/errors.js'
import type { Carrier } from '../carry-out.js'
import { listOutputs, type LeftFile } from '../list-outputs.js'
import { Stop } from '../stop.js'
import { wait, within } from '../wait.js'
import { answerError } from './answer.js'
import { lambdaDeadlineMs, type LambdaEvent } from './lambda-event.js'
import { lambdaLog } from './lambda-log.js'
import type { LambdaHost } from './lambda-host.js'
import { stageIn } from './stage-in.js'
import { Staging } from './staging.js'
import { undertake } from './undertake.js'

/** Milliseconds before Lambda's end at which nothing more is sent. */
const LAST_MS = 200

interface Attempt {
  call: LambdaCall
  event: LambdaEvent
  host: LambdaHost
  staging: Staging
  /** What was there at the end, of what some output takes. */
  files: LeftFile[]
}

export async function runAttempt(call: LambdaCall, event: LambdaEvent, host: LambdaHost): Promise<void> {
  const attempt: Attempt = { call, event, host, staging: new Staging(host.s3, host.config.file, call), files: [] }
  const { id: execution } = event
  const { logGroup, logStream } = host.config
  const started: StartedDocument = { execution, logGroup, logStream, startedAt: host.now() }
  const log = lambdaLog({ now: host.now, keeps: true })
  const stop = new Stop()
  const over = new AbortController()
  const marked = attempt.staging.writeStarted(started, over.signal).catch(() => undefined)
  void watchForCancel(attempt, stop, over.signal)
  const outcome = await undertake({
    host,
    id: attemptId(call.invocation, call.attempt),
    document: documentOf(call),
    headers: event.headers,
    release: call.release,
    times: { lambdaDeadlineMs: lambdaDeadlineMs(event), timeoutMs: call.timeout * 1000 },
    carrier: stagedFiles(attempt, stop),
    log: log.shipper,
    stop,
  })
  over.abort()
  await marked
  await record(attempt, { started, outcome, log: log.kept() })
}

function documentOf({ invocation, attempt, event, eventTime, objectKey, wantsResult }: LambdaCall) {
  return { invocation, attempt, event, eventTime, wantsResult, ...(objectKey === undefined ? {} : { objectKey }) }
}

function stagedFiles(attempt: Attempt, stop: Stop): Carrier {
  const { call, event, host, staging } = attempt
  const { ephemeralStorageSize } = host.config.file.limits
  return {
    stageIn: (directory, signal) =>
      stageIn({ s3: host.s3, sandbox: host.sandbox, input: call.input, directory, ephemeralStorageSize, signal }),
    stageOut: async ({ output, root }) => {
      attempt.files = await staging.writeResults(event.id, await listOutputs(output, root), stop.signal)
      return attempt.files.map(({ name }) => name)
    },
  }
}

/** Somebody may have cancelled it meanwhile; Lambda itself cannot stop what it has begun. */
async function watchForCancel({ call, staging }: Attempt, stop: Stop, over: AbortSignal): Promise<void> {
  for (;;) {
    await wait(call.heartbeatSeconds * 1000, over)
    if (over.aborted) return
    if (await staging.isCancelled(over).catch(() => false))
      stop.because({ kind: 'failed', cause: 'cancelled', message: 'somebody cancelled the invocation' })
  }
}

interface Ended {
  started: StartedDocument
  outcome: Outcome
  log: Buffer
}

/** The answer to Lambda is for its own figures; the dispatcher goes by the outcome that lies in the bucket. */
async function record(attempt: Attempt, { started, outcome, log }: Ended): Promise<void> {
  const { event, host, staging, files } = attempt
  const init = event.initMs === undefined ? {} : { initMs: event.initMs }
  const sizes = outcome.outcome === 'succeeded' ? files.map(({ size }) => size) : []
  const document = { ...started, outcome, sizes, endedAt: host.now(), ...init }
  try {
    await within(lambdaDeadlineMs(event) - LAST_MS - host.now(), async (signal) => {
      await staging.writeLog(event.id, log, signal).catch((error: unknown) => host.note(asError(error).message))
      await staging.writeOutcome(document, signal)
    })
  } catch (error) {
    const message = `the outcome could not be written to the staging bucket: ${asError(error).message}`
    return answerError(event, host, { errorType: errorTypeOf('internal'), errorMessage: message })
  }
  if (outcome.outcome === 'succeeded')
    await host.api.respond(event.id, Buffer.from(JSON.stringify({ execution: event.id })))
  else await answerError(event, host, { errorType: errorTypeOf(outcome.cause), errorMessage: outcome.message })
}
