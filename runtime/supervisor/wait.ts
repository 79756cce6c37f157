/** Waiting, with an end. */

/** Longest time that setTimeout can count. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Resolves after that time, or at once when the signal aborts; never rejects. */
export async function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.min(Math.max(milliseconds, 0), TIMER_MS_MAX))
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** Resolves to whether the promise settled within that time. */
export async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController()
  const settled = promise.then(
    () => true,
    () => true,
  )
  const inTime = await Promise.race([settled, wait(milliseconds, timer.signal).then(() => false)])
  timer.abort()
  return inTime
}

/** Milliseconds before the n-th new try (from 0): doubling, up to a most, with a quarter of jitter. */
export function backoffMs(tries: number, { first, most }: { first: number; most: number }): number {
  return Math.min(first * 2 ** tries, most) * (0.75 + Math.random() / 4)
}

/** Work that has until then: its signal aborts at the time, unless it is done before. */
export async function within<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const [late, done] = [new AbortController(), new AbortController()]
  void wait(milliseconds, done.signal).then(() => done.signal.aborted || late.abort())
  try {
    return await work(late.signal)
  } finally {
    done.abort()
  }
}
