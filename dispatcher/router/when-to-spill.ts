/** From when public back-ends may take work that private ones could run too, and why. Pure. */
import type { BriefDecision, DecisionTerms, Reason, Rule, Sentence } from '../../runtime/contract/decision.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { bestAway, type Away } from './away.js'
import type { Candidate } from './candidates.js'
import { waitAt, type HomeWait } from './home-wait.js'
import type { ExpectedWait } from './load/expected-wait.js'
import { runTerms } from './run-time.js'
import { stayAt, type Stay } from './stay.js'
import type { Situation, Work } from './situation.js'

export interface Question {
  work: Work
  situation: Situation
  homes: readonly Candidate[]
  /** At least one. */
  aways: readonly Candidate[]
}

export interface Spill {
  eligible: BackendName[]
  /** Epoch milliseconds, whole ones, as databases keep them; null = never. */
  at: number | null
  reasons: BriefDecision['reasons']
  terms: DecisionTerms
}

export function whenToSpill(question: Question): Spill {
  const { work, situation, homes, aways } = question
  const away = bestAway(work, situation, aways)
  const acceptedAt = work.acceptedAt ?? situation.now
  const wait = homes.length > 0 ? waitAt(work, situation, homes) : undefined
  const stay = stayAt({ work, situation, homes, away, wait, acceptedAt })
  const times = { acceptedAt, now: situation.now }
  const gated = whileFull(behindGate(stay, away, times), question, away, times)
  if (gated.hold === null && homes.length === 0) return outOfReach(away, stay)
  const places = [away.candidate, ...aways.filter((other) => other !== away.candidate)]
  const terms = termsOf(question, { away, stay, wait, acceptedAt })
  const { rule, hold, reason } = gated
  if (reason) {
    terms.rule = rule
    terms.hold = hold
    terms.otherwise = { rule: stay.rule, hold: stay.hold, awayFirst: stay.awayFirst }
  }
  return {
    eligible: inOrder(stay.awayFirst && !reason, homes, places),
    at: hold === null ? null : Math.max(situation.now, Math.round(acceptedAt + hold * 1000)),
    reasons: ['run', ...(wait ? (['wait'] as const) : []), 'stay', ...(reason ? [reason] : []), 'price'],
    terms,
  }
}

interface Times {
  acceptedAt: number
  now: number
}

interface Gated {
  rule: Rule
  hold: number | null
  /** Present when something keeps it from going earlier. */
  reason?: Reason | Sentence
}

/** An open breaker, a budget that is used up, or an attempt that just failed there keeps the work home for longer. */
function behindGate(stay: Stay, away: Away, { acceptedAt, now }: Times): Gated {
  const { rule, hold } = stay
  if (hold === null || !away.gate || away.gate.from <= Math.max(now, acceptedAt + hold * 1000)) return { rule, hold }
  const { from, code, text } = away.gate
  const reason = { code, backend: away.candidate.state.limits.name, text }
  return { rule: code, hold: from === Infinity ? null : (from - acceptedAt) / 1000, reason }
}

/** What would go over now waits on both sides while the public one takes no more: whichever has room first gets it. */
function whileFull(gated: Gated, { homes }: Question, { isFull }: Away, { acceptedAt, now }: Times): Gated {
  const { rule, hold } = gated
  if (!isFull || hold === null || acceptedAt + hold * 1000 > now) return gated
  return { rule: homes.length > 0 ? 'no-room' : rule, hold, reason: 'room' }
}

/** Public back-ends are the only ones that can run it, and it costs more than may ever be spent. */
function outOfReach(away: Away, { rule }: Stay): Spill {
  const text = away.gate?.text ?? 'no back-end can run this work'
  return {
    eligible: [],
    at: null,
    reasons: [{ code: 'budget', backend: away.candidate.state.limits.name, text }],
    terms: { rule: away.gate?.code ?? rule, cost: away.cost, hold: null },
  }
}

function inOrder(awayFirst: boolean, homes: readonly Candidate[], aways: readonly Candidate[]): BackendName[] {
  const order = awayFirst ? [...aways, ...homes] : [...homes, ...aways]
  return order.map(({ state }) => state.limits.name)
}

interface Found {
  away: Away
  stay: Stay
  wait: HomeWait | undefined
  /** Epoch milliseconds. */
  acceptedAt: number
}

function termsOf({ work, homes }: Question, { away, stay, wait, acceptedAt }: Found): DecisionTerms {
  const { rule, hold, budget, budgetFrom, note } = stay
  const { deadline } = work.spec.routing
  const terms: DecisionTerms = { rule, expectedRun: runTerms(homes[0]?.run ?? away.candidate.run) }
  if (wait?.expected) terms.expectedWait = waitTerms(wait, wait.expected)
  if (budget !== undefined) terms.waitingBudget = budget
  if (budgetFrom) terms.waitingBudgetFrom = budgetFrom
  terms.hold = hold
  terms.cost = away.cost
  if (away.budgetLeft) terms.budgetLeft = away.budgetLeft
  if (deadline !== undefined) terms.deadlineAt = acceptedAt + deadline * 1000
  if (deadline !== undefined && note) terms.deadline = { seconds: deadline, note }
  return terms
}

const waitTerms = ({ others, free, capacity }: HomeWait, { seconds, raw }: ExpectedWait) => ({
  seconds: finite(seconds),
  raw: finite(raw),
  others,
  free,
  capacity,
})

const finite = (seconds: number) => (Number.isFinite(seconds) ? seconds : null)
