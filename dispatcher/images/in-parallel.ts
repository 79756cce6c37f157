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
  const queue = items[Symbol.iterator]()
  const faults: unknown[] = []
  const worker = async () => {
    for (let next = queue.next(); !next.done && !either.aborted; next = queue.next()) await work(next.value, either)
  }
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((fault: unknown) => {
      faults.push(fault)
      stop.abort()
    }),
  )
  await Promise.all(workers)
  signal?.throwIfAborted()
  if (faults.length > 0) throw faults[0]
}
