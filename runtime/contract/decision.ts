/** Where an invocation may run, from when it may spill over, and why. Made once, kept with the invocation for ever. */
import type { BackendName } from './function-spec.js'

export interface Reason {
  /** Stable word for programs: `fits`, `limit`, `waiting-budget`, `only-backend` ... */
  code: string
  backend?: BackendName
  /** One sentence for people, with both numbers where a limit is concerned. */
  text: string
}

export interface Decision {
  /** Back-ends that may take the work, preferred first; empty = it fits nowhere. */
  eligible: BackendName[]
  /** Epoch milliseconds from which a public back-end may take it; null = never. */
  spillAt: number | null
  reasons: Reason[]
}
