/** What a job list is played against. */
import type { RoutingPolicy } from '../../runtime/contract/routing-policy.js'
import type { BackendLimits } from '../backends/backend.js'
import type { Price } from '../router/prices.js'
import type { Capacity } from './cluster.js'
import type { Job } from './job.js'

/** What is known of run times: what has been learned from work that has ended, everything, or what was declared. */
export type Knowledge = 'learned' | 'perfect' | 'declared'

export interface PublicSide {
  limits: BackendLimits
  /** Absent: the list price. */
  price?: Price
  /** Seconds until a script starts there. */
  startSeconds?: number
}

export interface Scenario {
  private: { limits: BackendLimits; price?: Price; capacity: Capacity }
  public: readonly PublicSide[]
  /** Absent: that of each job. */
  policy?: RoutingPolicy
  /** For work that has failed once on the public side; absent: the same. */
  policyAfterFailure?: RoutingPolicy
  knowledge: Knowledge
  /** Where the arithmetic of others is to be followed to the last bit. */
  arithmetic?: Arithmetic
}

export interface Arithmetic {
  /** When work spills over that may stay for `hold` seconds; what is usual is its arrival + hold. */
  spillAt(spill: { job: Job; hold: number; queuedAt: number; attempt: number }): number
  /** When work that is cut on the public side at `at` stands in line again; what is usual is `at`. */
  backAt?(back: { job: Job; at: number; now: number; nextInLine: number }): number
}
