/** A dispatcher as a back-end sees it: it keeps what it is told. */
import type { BackendHost } from '../../dispatcher/backends/backend.js'
import type { Cause, Failed } from '../../runtime/contract/outcome.js'

export class RecordingHost implements BackendHost {
  readonly admitted: string[] = []
  readonly dismissed: string[] = []
  readonly failures: Failed[] = []
  readonly ended: { worker: string; why: string; cause?: Cause }[] = []
  readonly logged: string[] = []
  isAdopting = false

  admit = (worker: string): string => {
    this.admitted.push(worker)
    return `token of ${worker}`
  }

  admitStarting = (worker: string): string => {
    this.admitted.push(worker)
    return `start token of ${worker}`
  }

  adopting = (): (() => void) => {
    this.isAdopting = true
    return () => (this.isAdopting = false)
  }

  dismiss = (worker: string): void => void this.dismissed.push(worker)
  failNext = (_: unknown, outcome: Failed): void => void this.failures.push(outcome)
  onWorkerEnd = (worker: string, why: string, cause?: Cause): void =>
    void this.ended.push({ worker, why, ...(cause ? { cause } : {}) })

  packageOf = () => Promise.resolve([])
  log = (_: unknown, message: string): void => void this.logged.push(message)
}
