/** An event without a dispatcher for an image with a runtime client of its own: it is handed on as it is, and so is the answer. */
import type { ClientAnswer } from '../client/client-api.js'
import type { ClientRunner } from '../client/client-runner.js'
import type { RunEnd } from '../run-script.js'
import { within } from '../wait.js'
import { answerError, type FunctionError } from './answer.js'
import { lambdaDeadlineMs, type LambdaEvent } from './lambda-event.js'
import { lambdaLog } from './lambda-log.js'
import type { LambdaHost } from './lambda-host.js'

/** Headers of an answer that are not about the connection. */
const HANDED_ON = /^(content-type|lambda-runtime-)/

/** Milliseconds before Lambda's end at which the client is stopped, so that the next event finds a new one. */
const LAST_MS = 100

export async function passThrough(event: LambdaEvent, host: LambdaHost, runner: ClientRunner): Promise<void> {
  const { api, now } = host
  const { shipper } = lambdaLog({ now, keeps: false })
  const answer = await within(lambdaDeadlineMs(event) - LAST_MS - now(), (late) =>
    runner.exchange(event, { log: shipper, stop: late, hurry: late }),
  )
  await shipper.close()
  if (answer.kind === 'response') await api.respond(event.id, answer.body, handedOn(answer))
  else if (answer.kind === 'error') await api.fail(event.id, answer.body, handedOn(answer))
  else if (answer.kind === 'ended') await answerError(event, host, endOf(answer.end))
}

const handedOn = ({ headers }: ClientAnswer): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (HANDED_ON.test(name) ? [[name, String(value)]] : [])),
  )

/** In the words of Lambda, whose place we take. */
const endOf = ({ failure }: RunEnd): FunctionError =>
  failure === undefined
    ? { errorType: 'Sandbox.Timedout', errorMessage: 'the runtime client had not answered when the time was up' }
    : { errorType: 'Runtime.ExitError', errorMessage: failure }
