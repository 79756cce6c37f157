/** The supervisor: started by a back-end as the one program of a worker. */
import { asError } from '../contract/errors.js'
import { ApiClient } from './api-client.js'
import { readApiConfig, readWorkerConfig, type WorkerConfig } from './config.js'
import { EXIT, work } from './work.js'
import { prepareScratch, prepareWorkspace } from './workspace.js'

async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const { shutdown, hurry } = shutdownSignals()
  try {
    const api = new ApiClient(readApiConfig(environment), Date.now)
    const config = await prepare(api, environment)
    const prepareNext = onceAtATime(() => prepareWorkspace(config.scratch))
    return await work({ api, config, prepare: prepareNext, shutdown, hurry, now: Date.now, note })
  } catch (error) {
    note(asError(error).message)
    return EXIT.failed
  }
}

/** Calls that come while it is under way change nothing; what goes wrong is noted. */
function onceAtATime(work: () => Promise<void>): () => void {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
      .catch((error: unknown) => note(asError(error).message))
      .finally(() => (running = undefined))
  }
}

/** A worker that cannot start says so to the dispatcher too, which may have nobody reading its standard error. */
async function prepare(api: ApiClient, environment: NodeJS.ProcessEnv): Promise<WorkerConfig> {
  try {
    const config = readWorkerConfig(environment)
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
