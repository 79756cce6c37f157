/** Tries again, with pauses, what may work later. */
import { SpillwayError } from '../runtime/contract/errors.js'

/** Milliseconds: the first pause, and the longest; they double. */
export interface Pauses {
  first: number
  most: number
}

export const GROWING: Pauses = Object.freeze({ first: 1000, most: 15_000 })
export const EVERY_SECOND: Pauses = Object.freeze({ first: 1000, most: 1000 })

interface Waiting {
  pauses: Pauses
  /** Rejects when the dispatcher closes, which ends this too. */
  pause(milliseconds: number): Promise<void>
  /** Before each pause. */
  onFault?(thrown: unknown): void
}

export interface UntilDone extends Waiting {
  /** Another try will not cure it: it is thrown. */
  isFinal(thrown: unknown): boolean
}

export async function untilDone<T>(work: () => Promise<T>, options: UntilDone): Promise<T> {
  const { isFinal, pauses, pause, onFault } = options
  for (let milliseconds = pauses.first; ; milliseconds = Math.min(2 * milliseconds, pauses.most)) {
    try {
      return await work()
    } catch (thrown) {
      if (isFinal(thrown)) throw thrown
      onFault?.(thrown)
    }
    await pause(milliseconds)
  }
}

/** For what has to get on record, however long the database refuses. */
export const untilStored = <T>(store: () => Promise<T>, waiting: Waiting): Promise<T> =>
  untilDone(store, {
    ...waiting,
    isFinal: (thrown) => !(thrown instanceof SpillwayError && thrown.retryable),
  })
