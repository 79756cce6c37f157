/** What a worker has for all its attempts. */
import type { ApiClient } from './api-client.js'
import type { WorkerConfig } from './config.js'
import type { Runner } from './runner.js'

export interface Host {
  api: ApiClient
  config: WorkerConfig
  runner: Runner
  /** Makes room for the next attempt ahead of time. */
  prepare: () => void
  /** The worker was asked to stop. */
  shutdown: AbortSignal
  /** It was asked again: no more waiting. */
  hurry: AbortSignal
  /** Epoch milliseconds */
  now: () => number
  /** Tells the operator something; users read the log of their invocation. */
  note: (text: string) => void
}
