/** The supervisor: started by a back-end as the one program of a worker. */
import { asError } from '../contract/errors.js'
import { ApiClient } from './api-client.js'
import { hasStartToken, readApiConfig, readWorkerConfig, type WorkerConfig } from './config.js'
import { isOnLambda } from './lambda/lambda-config.js'
import { workOnLambda } from './lambda/work-on-lambda.js'
import { onceAtATime } from './once-at-a-time.js'
import { runnerFor } from './runner-for.js'
import { startWorker } from './start-worker.js'
import { EXIT, work } from './work.js'
import { prepareScratch, prepareWorkspace } from './workspace.js'

async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const { shutdown, hurry } = shutdownSignals()
  try {
    if (isOnLambda(environment))
      return await workOnLambda({ environment, parent: process.ppid, shutdown, now: Date.now, note })
    const { api, config } = await begin(environment, shutdown)
    const prepareNext = onceAtATime(() => prepareWorkspace(config.scratch), note)
    const runner = runnerFor(config, prepareNext)
    try {
      return await work({ api, config, runner, prepare: prepareNext, shutdown, hurry, now: Date.now, note })
    } finally {
      await runner.close()
    }
  } catch (error) {
    note(asError(error).message)
    return EXIT.failed
  }
}

/** A worker with a start token gets the rest from the dispatcher; any other finds it where its environment says. */
async function begin(environment: NodeJS.ProcessEnv, shutdown: AbortSignal) {
  const given = readApiConfig(environment)
  const api = new ApiClient(given, Date.now)
  if (!hasStartToken(environment)) return { api, config: await prepare(api, () => readWorkerConfig(environment)) }
  const { token, worker } = await startWorker(api, shutdown)
  const known = new ApiClient({ ...given, token }, Date.now)
  return { api: known, config: await prepare(known, () => readWorkerConfig(environment, worker)) }
}

/** A worker that cannot start says so to the dispatcher too, which may have nobody reading its standard error. */
async function prepare(api: ApiClient, read: () => WorkerConfig): Promise<WorkerConfig> {
  try {
    const config = read()
    await prepareScratch(config.scratch)
    return config
  } catch (error) {
    await api.initError(asError(error).message).catch(() => undefined)
    throw error
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

void main(process.env).then((code) => process.exit(code))
