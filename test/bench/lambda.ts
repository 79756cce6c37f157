/** What the supervisor adds to a function on Lambda: to its start, to its memory, to every event. */
import { NODE_OPTIONS } from '../../dispatcher/images/kit-command.js'
import { join } from 'node:path'
import { REPOSITORY } from '../support/dispatcher-process.js'
import { attemptCall } from '../support/lambda/attempt-call.js'
import { ProcessEngine } from '../support/lambda/process-engine.js'
import { SmallLambda } from '../support/lambda/small-lambda.js'
import { figure, median, type Bench } from './figure.js'
import { withDirectory } from './with-dispatcher.js'

const STARTS = 9
const EVENTS = 200
const WARM_UP = 20

const SUPERVISOR = [...NODE_OPTIONS, join(REPOSITORY, 'dist/runtime/supervisor.cjs')]
/** Asks for an event and answers it: less is not possible. */
const LEAST = [join(REPOSITORY, 'test/support/programs/runtime-client.cjs')]

export const lambda: Bench = {
  name: 'lambda',
  about: `the supervisor on Lambda: start, memory, and ${EVENTS} warm events of a function that does nothing, without a dispatcher and with one`,
  run: async () => {
    const starts = await withLambda(SUPERVISOR, coldStarts)
    const leastStarts = await withLambda(LEAST, coldStarts)
    const { milliseconds, megabytes } = await withLambda(SUPERVISOR, (one) => warmEvents(one, () => ({})))
    const dispatched = await withLambda(SUPERVISOR, (one) => warmEvents(one, attempt))
    const least = await withLambda(LEAST, (one) => warmEvents(one, () => ({ do: 'echo' })))
    return [
      figure(
        { name: 'process start to first next', value: median(starts), unit: 'ms', yardstick: median(leastStarts) },
        { atMost: 120 },
      ),
      figure({ name: `resident at most, first ${WARM_UP} events`, value: megabytes, unit: 'MiB' }, { atMost: 60 }),
      figure(
        { name: 'a warm event, above the least possible', value: milliseconds - least.milliseconds, unit: 'ms' },
        { atMost: 15 },
      ),
      figure(
        {
          name: 'a warm attempt of a dispatcher, above the least possible',
          value: dispatched.milliseconds - least.milliseconds,
          unit: 'ms',
        },
        { atMost: 15 },
      ),
    ]
  },
}

function withLambda<T>(program: readonly string[], use: (lambda: SmallLambda) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const started = await SmallLambda.start(directory, { engine: new ProcessEngine(directory, program) })
    try {
      return await use(started)
    } finally {
      await started.stop()
    }
  })
}

/** Its start, its log and its outcome go to the staging bucket, which is in this process. */
const attempt = () => attemptCall()

const install = (one: SmallLambda) => one.install({ file: { run: { kind: 'command', command: ['true'] } } })

/** Milliseconds of each start. */
async function coldStarts(one: SmallLambda): Promise<number[]> {
  for (let time = 0; time < STARTS; time++) {
    await install(one)
    await one.invoke({ do: 'echo' })
  }
  return one.endpoint.executions.map(({ initMs }) => initMs ?? Number.NaN)
}

/** From the event to the next call for one, as Lambda counts; starting `true` is part of it. */
async function warmEvents(one: SmallLambda, event: () => object): Promise<{ milliseconds: number; megabytes: number }> {
  await install(one)
  for (let time = 0; time < EVENTS + WARM_UP; time++) {
    const { functionError, payload } = await one.invoke(event())
    if (functionError !== undefined) throw new Error(`event ${time} failed: ${JSON.stringify(payload)}`)
  }
  const warm = one.endpoint.executions.slice(WARM_UP)
  return {
    milliseconds: median(warm.map(({ durationMs }) => durationMs)),
    megabytes: warm[0]?.maxMemoryUsed ?? Number.NaN,
  }
}
