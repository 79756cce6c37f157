import { asError } from '../contract/errors.js'

/** Calls that come while it is under way change nothing; what goes wrong is noted. */
export function onceAtATime(work: () => Promise<void>, note: (text: string) => void): () => void {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
      .catch((error: unknown) => note(asError(error).message))
      .finally(() => (running = undefined))
  }
}
