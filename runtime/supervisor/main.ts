/**
 * The supervisor: started by a back-end as the one program of a worker. Somebody waits for it: what a worker needs only
 * later is loaded while the dispatcher answers, and what only some need, by those.
 */
import { asError } from '../contract/errors.js'
import { EXIT } from '../contract/worker-environment.js'
import { ApiClient } from './api-client.js'
import { hasStartToken, readApiConfig } from './config.js'
import { fetchStart } from './fetch-start.js'
import { isOnLambda } from './lambda/is-on-lambda.js'
import { keepYoungSpaceSmall } from './young-space.js'

/** Milliseconds after which whoever waited for the worker to start has it. */
const SETTLED_MS = 1000

async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const { shutdown, hurry } = shutdownSignals()
  try {
    if (isOnLambda(environment)) {
      const { workOnLambda } = await import('./lambda/work-on-lambda.js')
      return await workOnLambda({ environment, parent: process.ppid, shutdown, now: Date.now, note })
    }
    const given = readApiConfig(environment)
    const rest = () => import('./work-for-dispatcher.js')
    const api = new ApiClient(given, Date.now)
    const started = hasStartToken(environment) ? await fetchStart(api, shutdown, () => void rest()) : undefined
    const { workForDispatcher } = await rest()
    return await workForDispatcher({ environment, given, ...(started ? { started } : {}), shutdown, hurry, note })
  } catch (error) {
    note(asError(error).message)
    return EXIT.failed
  }
}

/** The first signal stops what runs and gives it back; the second one cuts the wait short. */
function shutdownSignals(): { shutdown: AbortSignal; hurry: AbortSignal } {
  const shutdown = new AbortController()
  const hurry = new AbortController()
  const onSignal = () => (shutdown.signal.aborted ? hurry : shutdown).abort()
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return { shutdown: shutdown.signal, hurry: hurry.signal }
}

function note(text: string): void {
  process.stderr.write(`spillway supervisor: ${text}\n`)
}

setTimeout(keepYoungSpaceSmall, SETTLED_MS).unref()
void main(process.env).then((code) => process.exit(code))
