/** The life of a sandbox on Lambda: take an event, carry it out, leave the sandbox clean, ask again. */
import { asError } from '../../contract/errors.js'
import { errorTypeOf } from '../../contract/lambda-function.js'
import { EXIT } from '../../contract/worker-environment.js'
import { ApiClient } from '../api-client.js'
import { readApiConfig, type Environment } from '../config.js'
import { ClientRunner } from '../client/client-runner.js'
import { answerError } from './answer.js'
import type { LambdaEvent } from './lambda-event.js'
import { readLambdaConfig } from './lambda-config.js'
import { openHost, type LambdaHost } from './lambda-host.js'
import { passThrough } from './pass-through.js'
import { readEvent } from './read-event.js'
import { runAttempt } from './run-attempt.js'
import { runDirect } from './run-direct.js'

export interface Surroundings extends Pick<LambdaHost, 'shutdown' | 'now' | 'note'> {
  environment: Environment
  /** Id of the parent process. */
  parent: number
}

export async function workOnLambda(surroundings: Surroundings): Promise<number> {
  const { environment, shutdown, now, note } = surroundings
  const api = new ApiClient(readApiConfig(environment), now)
  const host = await begin(api, surroundings)
  try {
    let init: Pick<LambdaEvent, 'initMs'> = { initMs: Math.round(performance.now()) }
    while (!shutdown.aborted) {
      const event = await api.nextEvent(shutdown)
      await handle({ ...event, ...init }, host)
      init = {}
      await host.sandbox.cleanUp()
    }
    return EXIT.done
  } catch (error) {
    if (shutdown.aborted) return EXIT.done
    note(asError(error).message)
    return EXIT.failed
  } finally {
    await host.runner.close()
  }
}

/** A sandbox that cannot work says so, and ends: Lambda shows it to whoever invoked the function. */
async function begin(api: ApiClient, { environment, parent, ...rest }: Surroundings): Promise<LambdaHost> {
  try {
    return await openHost({ api, config: readLambdaConfig(environment, parent), ...rest })
  } catch (error) {
    await api.initError(asError(error).message).catch(() => undefined)
    throw error
  }
}

async function handle(event: LambdaEvent, host: LambdaHost): Promise<void> {
  try {
    const work = readEvent(event.body, host.config.file, host.now())
    if (work.kind === 'attempt') return await runAttempt(work.call, event, host)
    if (host.runner instanceof ClientRunner) return await passThrough(event, host, host.runner)
    work.notes.forEach((text) => host.note(`passed over: ${text}`))
    await runDirect(work.runs, event, host)
  } catch (error) {
    const errorMessage = `the supervisor failed: ${asError(error).message}`
    await answerError(event, host, { errorType: errorTypeOf('internal'), errorMessage })
  }
}
