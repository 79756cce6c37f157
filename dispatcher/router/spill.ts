/**
 * The last question before work goes over the spillway, asked at `spillAt`: a breaker may have opened meanwhile, and
 * what has gone over before may have used the budget up. Pure.
 */
import type { Reason } from '../../runtime/contract/decision.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { bestAway } from './away.js'
import { candidatesOf } from './candidates.js'
import type { Situation, Work } from './situation.js'

export type SpillVerdict =
  /** `cost`: USD that the run is expected to cost; to be entered as spent when it goes. */
  | { to: BackendName; cost: number }
  /** Epoch milliseconds at which to ask again; infinite = not before something changes. */
  | { stay: Reason; until: number }

export function spillNow(work: Work, situation: Situation): SpillVerdict {
  const { able, reasons } = candidatesOf(work, situation)
  const aways = able.filter(({ state }) => state.limits.public)
  if (aways.length === 0) {
    const stay = reasons.at(-1) ?? { code: 'only-private', text: 'no public back-end is configured' }
    return { stay, until: Infinity }
  }
  const { candidate, cost, gate } = bestAway(work, situation, aways)
  const to = candidate.state.limits.name
  return gate ? { stay: { code: gate.code, backend: to, text: gate.text }, until: gate.from } : { to, cost }
}
