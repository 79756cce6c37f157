/** Runs of an event that comes to Lambda without a dispatcher, one after the other; results go where they belong. */
import { errorTypeOf, type LambdaRun as LambdaRunAnswer } from '../../contract/lambda-function.js'
import type { Failed, Outcome, PublishedOutput } from '../../contract/outcome.js'
import { listOutputs } from '../list-outputs.js'
import { Stop } from '../stop.js'
import { answerError, answerRuns, type FunctionError } from './answer.js'
import { lambdaDeadlineMs, type LambdaEvent } from './lambda-event.js'
import { lambdaLog } from './lambda-log.js'
import type { LambdaHost } from './lambda-host.js'
import { publish } from './publish.js'
import type { DirectRun } from './read-event.js'
import { stageIn } from './stage-in.js'
import { undertake } from './undertake.js'

interface Ended {
  run: DirectRun
  outcome: Outcome
  outputs: PublishedOutput[]
}

/** All are run, also after one that failed: each stands for itself. */
export async function runDirect(runs: readonly DirectRun[], event: LambdaEvent, host: LambdaHost): Promise<void> {
  const ended: Ended[] = []
  for (const [index, run] of runs.entries()) ended.push(await runOne(run, { event, host, number: index + 1 }))
  const error = errorOf(ended)
  if (error) await answerError(event, host, error)
  else await answerRuns(event, host, { runs: ended.map(answerOf) })
}

async function runOne(
  run: DirectRun,
  { event, host, number }: { event: LambdaEvent; host: LambdaHost; number: number },
): Promise<Ended> {
  const { s3, config } = host
  const { file } = config
  const { ephemeralStorageSize, timeout } = file.limits
  const stop = new Stop()
  let outputs: PublishedOutput[] = []
  const { key, event: content, eventTime, input } = run
  const outcome = await undertake({
    host,
    id: `${event.id}.${number}`,
    document: {
      invocation: event.id,
      attempt: 1,
      event: content,
      eventTime,
      wantsResult: key === undefined,
      ...(key === undefined ? {} : { objectKey: key }),
    },
    headers: event.headers,
    release: config.version,
    times: { lambdaDeadlineMs: lambdaDeadlineMs(event), timeoutMs: timeout * 1000 },
    carrier: {
      stageIn: (directory, signal) =>
        stageIn({ s3, sandbox: host.sandbox, input, directory, ephemeralStorageSize, signal }),
      stageOut: async ({ output, root }) => {
        const files = await listOutputs(output, root)
        outputs = await publish({ s3, file, files, signal: stop.signal })
        return files.map(({ name }) => name)
      },
    },
    log: lambdaLog({ now: host.now, keeps: false }).shipper,
    stop,
  })
  return { run, outcome, outputs }
}

function answerOf({ run, outcome, outputs }: Ended): LambdaRunAnswer {
  const { result, times } = outcome
  return {
    ...(run.key === undefined ? {} : { key: run.key }),
    outputs,
    ...(result ? { result } : {}),
    ...(times ? { times } : {}),
  }
}

/** The first failure gives its name to all. */
function errorOf(ended: readonly Ended[]): FunctionError | undefined {
  const failures = ended.flatMap(({ run, outcome }) => (outcome.outcome === 'failed' ? [{ run, outcome }] : []))
  const [first] = failures
  if (!first) return undefined
  const { cause, message } = first.outcome satisfies Failed
  const which = ended.length > 1 ? `${failures.length} of ${ended.length} objects failed; ${first.run.key}: ` : ''
  return { errorType: errorTypeOf(cause), errorMessage: which + message }
}
