/**
 * Where attempts run. A worker back-end starts workers, and the workers pull attempts from the dispatcher; the queue
 * tells it how many are wanted. It never touches an invocation itself.
 *
 * - `scale` is called whenever the queue or the workers change, and at least once a second; it returns at once.
 * - A worker that ended is reported once by `onWorkerEnd`, however it ended, after everything it started is gone.
 * - `close` asks every worker to give its attempt back, waits, then kills; nothing is left running. Workers of a cluster
 *   are left alone: they wait for the dispatcher to come back, and end by themselves when it stays away for a lease.
 */
import type { BackendStatus, PackagedFile } from '../../runtime/contract/dispatcher-api.js'
import type { Cause, Failed } from '../../runtime/contract/outcome.js'
import type { BackendName, FunctionSpec } from '../../runtime/contract/function-spec.js'
import type { Release } from '../../runtime/contract/release.js'
import type { WorkerFile } from '../../runtime/contract/runtime-api.js'

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
  /** vCPU of one worker */
  cpuMax?: number
  /** Architectures of its machines; absent: any. */
  architectures?: readonly FunctionSpec['architecture'][]
}

/** Work of one release, and the workers that wait for some. */
export interface Demand {
  release: Release
  /** Invocations that are ready to run and may run on this back-end. */
  queued: number
  /** Invocations that run on this back-end, on whatever worker. */
  running: number
  /** Most workers that may run some at once: its `concurrency` less what runs on other back-ends. */
  concurrency: number
  /** Workers of this back-end that wait for this release's work, longest first. */
  idle: string[]
}

/** How much a back-end can hold, as far as it knows now. */
export interface Capacity {
  /** Attempts at once. */
  slots: number
  /** Attempts of that function at once, where not every function may use all slots; absent: all may. */
  slotsFor?(spec: FunctionSpec): number
  /** Seconds that a worker takes to come up. */
  bootSeconds: number
  /** Of a back-end where what runs shares the vCPU of its machines: how many there are; absent: attempts count alike. */
  vcpu?: SharedVcpu
  /** Workers that are on their way up, since when, and what they take. */
  starting: readonly { worker: string; since: number; cpu?: number }[]
  /** Since when it cannot be reached, epoch milliseconds; absent: it can. */
  illSince?: number
}

export interface SharedVcpu {
  all: number
  /** On the machine that has the most left. */
  largestFree: number
}

export interface WorkerBackend {
  readonly limits: BackendLimits
  /** URL under which its workers reach the dispatcher; absent: where it listens. */
  readonly origin?: string
  /** Why it cannot run the spec at all, and what its user should know when it can. */
  check(spec: FunctionSpec): { refusal?: string; notes: string[] }
  scale(demands: Demand[]): void
  /**
   * In place of `scale` while another dispatcher scales it. Absent where each dispatcher has workers of its own; where it
   * is there, any dispatcher may hear of any worker.
   */
  follow?(demands: Demand[]): void
  /** Another dispatcher has given the worker its function. */
  noteUp?(worker: string): void
  capacity(): Capacity
  /**
   * Asked before `silent`: why the worker may have let its lease run out, where it is not the worker's own fault. Answers
   * within seconds, and never rejects.
   */
  lossOf?(worker: string): Promise<Loss | undefined>
  /** The worker has let its lease run out: whatever is left of it should go. */
  silent(worker: string): void
  /** The function for a worker of `admitStarting` that is up now and asks what it is to run. */
  workerFile?(worker: string, release: Release): Promise<WorkerFile>
  status(): Omit<BackendStatus, 'running'>
  close(): Promise<void>
}

/** Why an attempt was lost. */
export interface Loss {
  cause: Cause
  /** One clause. */
  why: string
}

export type ReleaseKey = Pick<Release, 'function' | 'number'>

/** What a back-end gets from the dispatcher. */
export interface BackendHost {
  /** Makes a worker known, and gives the token it shows. `sharesDisk`: it sees this machine's files under their paths. */
  admit(worker: string, release: ReleaseKey, facts: { sharesDisk: boolean }): string
  /** As `admit`, but the token does one thing only, once: the worker fetches its function and its real token with it. */
  admitStarting(worker: string, release: ReleaseKey, facts: { sharesDisk: boolean }): string
  /**
   * Workers of an earlier life of the dispatcher are being looked for: unknown ones are told to ask again, and not sent
   * away, until the returned function is called.
   */
  adopting(): () => void
  /** The worker gets no more work, and ends when it has finished what it runs. */
  dismiss(worker: string, release: ReleaseKey): void
  /** Fails the oldest ready invocation of a release: no worker of it can be started, and that is not about to change. */
  failNext(release: Release, outcome: Failed): void
  /** Called once when a worker has ended; what it held fails with that cause, `worker-lost` unless it is known better. */
  onWorkerEnd(worker: string, why: string, cause?: Cause): void
  /** The release's packaged files. */
  packageOf(release: Release): Promise<PackagedFile[]>
  log(level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>): void
}
