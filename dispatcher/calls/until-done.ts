/** Tries again, with growing pauses, what may work later. */

/** Milliseconds before the first new try; they double. */
const AGAIN_MS = 1000
const AGAIN_MAX_MS = 15_000

export interface UntilDone {
  /** Another try will not cure it: it is thrown. */
  isFinal(thrown: unknown): boolean
  /** Rejects when the dispatcher closes, which ends this too. */
  pause(milliseconds: number): Promise<void>
  /** Before each pause. */
  onFault?(thrown: unknown): void
}

export async function untilDone<T>(work: () => Promise<T>, { isFinal, pause, onFault }: UntilDone): Promise<T> {
  for (let milliseconds = AGAIN_MS; ; milliseconds = Math.min(2 * milliseconds, AGAIN_MAX_MS)) {
    try {
      return await work()
    } catch (thrown) {
      if (isFinal(thrown)) throw thrown
      onFault?.(thrown)
    }
    await pause(milliseconds)
  }
}
