/** A private back-end that cannot be reached, as a breaker: it is expected to stay away for as long as it has been. */
import type { Breaker } from '../router/breaker.js'

export const illness = (since: number, now: number): Breaker => ({
  state: 'open',
  faults: 1,
  retryAt: now + Math.max(1, now - since),
  openMs: 0,
  why: 'backend-unavailable',
})
