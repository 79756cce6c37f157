/** The back-ends that this dispatcher has; none before it has started. */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { BackendLimits, WorkerBackend } from '../backends/backend.js'
import type { CallBackend } from '../backends/call-backend.js'

/** What every back-end has, however it gets its work. */
export type Backend = Pick<WorkerBackend, 'limits' | 'check' | 'status' | 'close'>

export class BackendsAtHand {
  readonly workers: WorkerBackend[] = []
  readonly called: CallBackend[] = []

  all(): Backend[] {
    return [...this.workers, ...this.called]
  }

  limits(): BackendLimits[] {
    return this.all().map(({ limits }) => limits)
  }

  worker(name: BackendName): WorkerBackend | undefined {
    return this.workers.find(({ limits }) => limits.name === name)
  }
}
