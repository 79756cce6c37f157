/**
 * What has passed through is garbage outside of V8's own heap, where V8 lets 64 MB of it pile up. A collection of what is
 * young finds nearly all of it and takes less than a millisecond; Node.js offers it with `--expose-gc`.
 */

/** More than is ever on its way at once: what is young a second time is young no more. */
const SWEPT_EVERY_BYTES = 2 * 1024 ** 2

let passed = 0

/** Call for each piece of a file that comes. */
export function passing(bytes: number): void {
  passed += bytes
  if (passed < SWEPT_EVERY_BYTES) return
  passed = 0
  globalThis.gc?.({ type: 'minor' })
}
