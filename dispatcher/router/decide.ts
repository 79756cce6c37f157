/**
 * Where a piece of work may run, from when it may spill over, and why. Pure: the same work in the same situation gets
 * the same decision, and every number it was made with is in it.
 *
 * Work is bound late. It waits in one queue, and workers of private back-ends pull from it; from `spillAt` on public ones
 * may take what is still there.
 */
import type { BriefDecision, DecisionTerms, Reason, Rule } from '../../runtime/contract/decision.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { candidatesOf, type Candidate } from './candidates.js'
import { runTerms } from './run-time.js'
import { whenToSpill } from './when-to-spill.js'
import type { Situation, Work } from './situation.js'

export function decide(work: Work, situation: Situation): BriefDecision {
  const { able, reasons } = candidatesOf(work, situation)
  const homes = able.filter(({ state }) => !state.limits.public)
  const aways = able.filter(({ state }) => state.limits.public)
  if (aways.length === 0) return privateOnly(homes, reasons)
  const spill = whenToSpill({ work, situation, homes, aways })
  return {
    eligible: spill.eligible,
    spillAt: spill.at,
    reasons: [...reasons, ...spill.reasons],
    terms: spill.terms,
  }
}

function privateOnly(homes: readonly Candidate[], reasons: readonly Reason[]): BriefDecision {
  const names = homes.map(({ state }) => state.limits.name)
  const { rule, reason } = conclusion(names)
  return { eligible: names, spillAt: null, reasons: [...reasons, reason], terms: termsOf(rule, homes[0]) }
}

function conclusion(names: readonly BackendName[]): { rule: Rule; reason: Reason } {
  const [first, ...others] = names
  if (first === undefined)
    return { rule: 'fits-nowhere', reason: { code: 'fits-nowhere', text: 'no back-end can run this work' } }
  if (others.length > 0)
    return { rule: 'only-private', reason: { code: 'fits', text: `fits ${names.join(', ')}, which are all private` } }
  const text = `${first}: the only back-end that can run it; it waits there for a free slot`
  return { rule: 'only-backend', reason: { code: 'only-backend', backend: first, text } }
}

function termsOf(rule: Rule, home: Candidate | undefined): DecisionTerms {
  if (!home) return { rule }
  return { rule, expectedRun: runTerms(home.run), hold: null }
}
