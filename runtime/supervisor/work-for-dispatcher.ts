/** A worker of a dispatcher, once it knows whose it is. */
import type { StartAnswer } from '../contract/runtime-api.js'
import { asError } from '../contract/errors.js'
import { ApiClient } from './api-client.js'
import { readWorkerConfig, type ApiConfig, type Environment, type WorkerConfig } from './config.js'
import { onceAtATime } from './once-at-a-time.js'
import { placeFiles } from './place-files.js'
import { runnerFor } from './runner-for.js'
import { work } from './work.js'
import { prepareScratch, prepareWorkspace } from './workspace.js'

export interface DispatcherWork {
  environment: Environment
  given: ApiConfig
  /** Undefined: the worker finds all that it is to be where its environment says. */
  started?: StartAnswer
  shutdown: AbortSignal
  hurry: AbortSignal
  note: (text: string) => void
}

/** Resolves to the exit code. */
export async function workForDispatcher({ environment, given, started, ...signals }: DispatcherWork): Promise<number> {
  const { shutdown, note } = signals
  const api = new ApiClient(started ? { ...given, token: started.token } : given, Date.now)
  if (started) await placeFiles(started, shutdown)
  const config = await prepare(api, () => readWorkerConfig(environment, started?.worker))
  const prepareNext = onceAtATime(() => prepareWorkspace(config.scratch), note)
  const runner = await runnerFor(config, prepareNext)
  try {
    return await work({ api, config, runner, prepare: prepareNext, now: Date.now, ...signals })
  } finally {
    await runner.close()
  }
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
