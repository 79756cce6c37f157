/** Chooses how a function runs. */
import { isRuntimeClient } from '../contract/runtime-client.js'
import type { WorkerConfig } from './config.js'
import type { Runner } from './runner.js'
import { ScriptRunner } from './script-runner.js'

/** `prepare` makes room for the next attempt while one runs. */
export async function runnerFor(config: WorkerConfig, prepare: () => void): Promise<Runner> {
  if (!isRuntimeClient(config.worker.run)) return new ScriptRunner(prepare)
  const { ClientRunner } = await import('./client/client-runner.js')
  return new ClientRunner(config)
}
