/** What a dispatcher does about a topic of which another one has told: wakes who waits here, and does its own part. */
import type { WorkerBackend } from '../backends/backend.js'
import type { Calls } from '../calls/calls.js'
import type { Changes } from '../changes.js'
import type { Dispatch } from '../dispatch.js'
import type { WorkerBook } from '../workers/worker-book.js'

export interface Hearer {
  changes: Pick<Changes, 'wake'>
  book: Pick<WorkerBook, 'forget'>
  calls: Pick<Calls, 'cancelled'>
  dispatch: Pick<Dispatch, 'wake'>
  worker(backend: string): Pick<WorkerBackend, 'silent' | 'noteUp'> | undefined
  onFunctions(): void
}

/** See `topics`: a kind, and what it is about. */
export function hear(topic: string, count: number, hearer: Hearer): void {
  const [kind, one = '', other = ''] = topic.split(' ')
  if (kind === 'functions') hearer.onFunctions()
  // Whatever still runs of it here, after it was cancelled or has ended elsewhere, is not wanted any more.
  if (kind === 'end') hearer.calls.cancelled(one)
  if (kind === 'dismissed') hearer.book.forget(one)
  if (kind === 'up') hearer.worker(one)?.noteUp?.(other)
  if (kind === 'silent') hearer.worker(one)?.silent(other)
  if (kind === 'work') hearer.dispatch.wake()
  hearer.changes.wake(topic, count)
}
