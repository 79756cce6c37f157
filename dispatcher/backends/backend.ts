/**
 * Where attempts run. A worker back-end starts workers, and the workers pull attempts from the dispatcher; the queue
 * tells it how many are wanted. It never touches an invocation itself.
 *
 * - `scale` is called whenever the queue or the workers change, and at least once a second; it returns at once.
 * - A worker that ended is reported once by `onWorkerEnd`, however it ended, after everything it started is gone.
 * - `close` asks every worker to give its attempt back, waits, then kills; nothing is left running.
 */
import type { BackendStatus, PackagedFile } from '../../runtime/contract/dispatcher-api.js'
import type { Cause, Failed } from '../../runtime/contract/outcome.js'
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { Release } from '../../runtime/contract/release.js'

/** What a back-end can take at most; an absent number is no limit. */
export interface BackendLimits {
  name: BackendName
  /** Paid by use. */
  public: boolean
  /** MB */
  memoryMax?: number
  /** MB of scratch space */
  ephemeralStorageMax?: number
  /** seconds */
  timeoutMax?: number
  /** GPUs of one worker */
  gpuMax?: number
}

/** Work of one release, and the workers that wait for some. */
export interface Demand {
  release: Release
  /** Invocations that are ready to run. */
  queued: number
  /** Invocations that run, on whatever worker. */
  running: number
  /** Workers of this back-end that wait for this release's work, longest first. */
  idle: string[]
}

export interface WorkerBackend {
  readonly limits: BackendLimits
  /** URL under which its workers reach the dispatcher; absent: where it listens. */
  readonly origin?: string
  /** Why it cannot run the spec at all, and what its user should know when it can. */
  check(spec: FunctionSpec): { refusal?: string; notes: string[] }
  scale(demands: Demand[]): void
  /** The worker has let its lease run out: whatever is left of it should go. */
  silent(worker: string): void
  status(): Omit<BackendStatus, 'running'>
  close(): Promise<void>
}

/** What a back-end gets from the dispatcher. */
export interface BackendHost {
  /** Makes a worker known, and gives the token it shows. `sharesDisk`: it sees this machine's files under their paths. */
  admit(worker: string, release: Release, facts: { sharesDisk: boolean }): string
  /** Fails the oldest ready invocation of a release: no worker of it can be started, and that is not about to change. */
  failNext(release: Release, outcome: Failed): void
  /** Called once when a worker has ended; what it held fails with that cause, `worker-lost` unless it is known better. */
  onWorkerEnd(worker: string, why: string, cause?: Cause): void
  /** The release's packaged files. */
  packageOf(release: Release): Promise<PackagedFile[]>
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>): void
}
