/** From when public back-ends may take work that private ones could run too, and why. Pure. */
import type { DecisionTerms, Reason, Rule } from '../../runtime/contract/decision.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { bestAway, type Away } from './away.js'
import type { Candidate } from './candidates.js'
import { waitAt, type HomeWait } from './home-wait.js'
import { stayAt, type Stay } from './stay.js'
import type { Situation, Work } from './situation.js'
import { runText, spillText, stayText, waitText } from './texts.js'

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
  reasons: Reason[]
  terms: DecisionTerms
}

export function whenToSpill(question: Question): Spill {
  const { work, situation, homes, aways } = question
  const away = bestAway(work, situation, aways)
  const acceptedAt = work.acceptedAt ?? situation.now
  const wait = homes.length > 0 ? waitAt(work, situation, homes) : undefined
  const stay = stayAt({ work, situation, homes, away, wait, acceptedAt })
  const gated = behindGate(stay, away, { acceptedAt, now: situation.now })
  if (gated.hold === null && homes.length === 0) return outOfReach(away, stay)
  return {
    eligible: inOrder(stay.awayFirst && !gated.reason, homes, [
      away.candidate,
      ...aways.filter((other) => other !== away.candidate),
    ]),
    at: gated.hold === null ? null : Math.max(situation.now, Math.round(acceptedAt + gated.hold * 1000)),
    reasons: reasonsOf(question, { away, stay, gated, wait }),
    terms: termsOf(question, { away, stay, gated, wait, acceptedAt }),
  }
}

interface Gated {
  rule: Rule
  hold: number | null
  /** Present when something keeps it from going earlier. */
  reason?: Reason
}

/** An open breaker, a budget that is used up, or an attempt that just failed there keeps the work home for longer. */
function behindGate(stay: Stay, away: Away, { acceptedAt, now }: { acceptedAt: number; now: number }): Gated {
  const { rule, hold } = stay
  if (hold === null || !away.gate || away.gate.from <= Math.max(now, acceptedAt + hold * 1000)) return { rule, hold }
  const { from, code, text } = away.gate
  const reason = { code, backend: away.candidate.state.limits.name, text }
  return { rule: code, hold: from === Infinity ? null : (from - acceptedAt) / 1000, reason }
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
  gated: Gated
  wait: HomeWait | undefined
}

function reasonsOf({ work, homes }: Question, { away, stay, gated, wait }: Found): Reason[] {
  const run = homes[0]?.run ?? away.candidate.run
  return [
    { code: 'expected-run', text: runText(run) },
    ...(wait ? [{ code: 'expected-wait', text: waitText(wait) }] : []),
    { code: stay.rule, text: stayText(work, stay, run) },
    ...(gated.reason ? [gated.reason] : []),
    { code: 'price', backend: away.candidate.state.limits.name, text: spillText(away) },
  ]
}

function termsOf(
  { work, homes }: Question,
  { away, stay, gated, wait, acceptedAt }: Found & { acceptedAt: number },
): DecisionTerms {
  const { seconds, upper, samples, basis } = homes[0]?.run ?? away.candidate.run
  const { deadline } = work.spec.routing
  return {
    rule: gated.rule,
    expectedRun: { seconds, upper, samples, basis },
    ...(wait?.expected
      ? {
          expectedWait: {
            seconds: finite(wait.expected.seconds),
            raw: finite(wait.expected.raw),
            others: wait.others,
          },
        }
      : {}),
    ...(stay.budget === undefined ? {} : { waitingBudget: stay.budget }),
    hold: gated.hold,
    cost: away.cost,
    ...(away.budgetLeft ? { budgetLeft: away.budgetLeft } : {}),
    ...(deadline === undefined ? {} : { deadlineAt: acceptedAt + deadline * 1000 }),
  }
}

const finite = (seconds: number) => (Number.isFinite(seconds) ? seconds : null)
