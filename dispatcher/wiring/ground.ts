/** What the parts of a dispatcher stand on. */
import type { Release } from '../../runtime/contract/release.js'
import type { BackendHost } from '../backends/backend.js'
import type { BackendsAtHand } from './backends-at-hand.js'
import type { Changes } from '../changes.js'
import type { DispatcherConfig } from '../config.js'
import type { Database } from '../database/database.js'
import type { Outages } from '../outages.js'
import type { Registry } from '../releases/registry.js'
import type { Stores } from '../storage/stores.js'
import type { WorkerBook } from '../workers/worker-book.js'

export interface Ground {
  config: DispatcherConfig
  database: Database
  stores: Stores
  outages: Outages
  registry: Registry
  backends: BackendsAtHand
  changes: Changes
  book: WorkerBook
  release(name: string, number: number): Promise<Release>
  leaseMs: number
  log: BackendHost['log']
  /** Epoch milliseconds. */
  now(): number
}
