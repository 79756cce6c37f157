import { inTurn } from '../../runtime/contract/in-turn.js'

/** Works on several things at once; the first fault stops the rest, and nothing is left running. */
export interface InParallel<T> {
  items: Iterable<T>
  /** At the same time. */
  atOnce: number
  work(item: T, signal: AbortSignal): Promise<void>
  signal?: AbortSignal | undefined
}

export async function inParallel<T>({ items, atOnce, work, signal }: InParallel<T>): Promise<void> {
  const stop = new AbortController()
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const workOrStop = (item: T) =>
    work(item, either).catch((fault: unknown) => {
      stop.abort()
      throw fault
    })
  try {
    await inTurn(items, atOnce, workOrStop)
  } finally {
    signal?.throwIfAborted()
  }
}
