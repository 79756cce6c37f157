/** Chooses how a function runs. */
import { isRuntimeClient } from '../contract/runtime-client.js'
import { ClientRunner } from './client/client-runner.js'
import type { WorkerConfig } from './config.js'
import type { Runner } from './runner.js'
import { ScriptRunner } from './script-runner.js'

/** `prepare` makes room for the next attempt while one runs. */
export const runnerFor = (config: WorkerConfig, prepare: () => void): Runner =>
  isRuntimeClient(config.worker.run) ? new ClientRunner(config) : new ScriptRunner(prepare)
