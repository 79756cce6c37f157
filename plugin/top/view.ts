/** What the live view shows: how things stand at one moment. Plain data. */
import type { BackendStatus, InvocationSummary } from '../../runtime/contract/dispatcher-api.js'
import type { Place } from './why.js'

export interface View {
  /** Epoch milliseconds */
  at: number
  /** When watching began, epoch milliseconds. */
  since: number
  /** Invocations that wait. */
  waiting: number
  backends: BackendView[]
  /** What runs, then what has waited or ended, the newest news first in both. */
  work: WorkView[]
  /** Of the time since watching began, oldest first. */
  samples: Sample[]
  /** Why the dispatcher was not heard the last time. */
  trouble?: string
}

export interface BackendView extends Pick<
  BackendStatus,
  'name' | 'public' | 'slots' | 'running' | 'healthy' | 'messages' | 'breaker'
> {
  /** Attempts that ended well since watching began, and those that did not. */
  succeeded: number
  failed: number
  /** USD since watching began; absent where nobody is paid. */
  cost?: number
}

export interface WorkView extends Pick<InvocationSummary, 'id' | 'function' | 'state'> {
  /** Of the input. */
  name: string
  /** When what is shown happened, epoch milliseconds. */
  at: number
  /** Where it runs or ran last; absent while it never has. */
  backend?: BackendStatus['name']
  place: Place
  /** Seconds from acceptance to the start of its first attempt. */
  waited?: number
  /** Seconds that its last attempt took. */
  took?: number
  /** USD of all its attempts. */
  cost?: number
  /** What was decided and why, or why it failed. */
  why: string
}

export interface Sample {
  waiting: number
  private: number
  public: number
}
