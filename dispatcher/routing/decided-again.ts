/** A decision that was made again, with the reason for that. Pure. */
import type { BriefDecision, Reason } from '../../runtime/contract/decision.js'

/** Milliseconds by which the time to spill over must differ for the new decision to be worth writing down. */
const DIFFERENCE_MS = 1000

type Timed = Pick<BriefDecision, 'spillAt'>
type Made = Timed & Pick<BriefDecision, 'eligible' | 'reasons'>

export interface Occasion {
  /** What has changed, for people. */
  why: string
  /** Epoch milliseconds. */
  now: number
}

/** Undefined where it changes nothing, or finds no place at all. */
export function decidedAgain<T extends Made>(before: Timed, decision: T, { why, now }: Occasion): T | undefined {
  if (decision.eligible.length === 0 || isSame(before, decision)) return undefined
  const reason: Reason = { code: 'decided-again', text: `decided again at ${new Date(now).toISOString()}: ${why}` }
  return { ...decision, reasons: [...decision.reasons, reason] }
}

const isSame = ({ spillAt: before }: Timed, { spillAt }: Timed): boolean =>
  before === spillAt || (before !== null && spillAt !== null && Math.abs(before - spillAt) < DIFFERENCE_MS)
