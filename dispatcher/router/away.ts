/** The public back-end that work would go to: what it costs there, and what keeps it from there for now. Pure. */
import type { DecisionTerms } from '../../runtime/contract/decision.js'
import { specFor } from '../../runtime/contract/function-spec.js'
import { formatUsd } from '../../runtime/contract/units.js'
import { CLOSED, usableFrom } from './breaker.js'
import type { Candidate } from './candidates.js'
import { costOf, listPrice } from './price.js'
import type { Situation, Work } from './situation.js'
import type { MoneyBudget } from './spending.js'

export interface Away {
  candidate: Candidate
  /** USD, of a run of the expected time. */
  cost: number
  /** Seconds from going there until the run has ended, on average and in 95 of 100 cases. */
  seconds: number
  upper: number
  /** What keeps work from there until a time; absent: nothing. */
  gate?: Gate
  /** It takes no more for now. */
  isFull: boolean
  budgetLeft?: NonNullable<DecisionTerms['budgetLeft']>
}

export interface Gate {
  code: 'breaker' | 'budget' | 'failed-there'
  /** Epoch milliseconds, infinite = never. */
  from: number
  text: string
}

/** The one that can be used soonest; of several, the cheapest, or the fastest where that is preferred. */
export function bestAway(work: Work, situation: Situation, aways: readonly Candidate[]): Away {
  const all = aways.map((candidate) => awayOf(work, situation, candidate))
  const byTime = work.spec.routing.prefer === 'fastest'
  return all.reduce((best, other) => (isBetter(other, best, byTime) ? other : best))
}

function isBetter(one: Away, other: Away, byTime: boolean): boolean {
  const [from, otherFrom] = [one.gate?.from ?? 0, other.gate?.from ?? 0]
  if (from !== otherFrom) return from < otherFrom
  if (one.isFull !== other.isFull) return other.isFull
  return byTime ? one.seconds < other.seconds : one.cost < other.cost
}

function awayOf(work: Work, situation: Situation, candidate: Candidate): Away {
  const { state, run } = candidate
  const start = state.startSeconds ?? 0
  const cost = costAt(work, candidate)
  const { budget } = work.spec.routing
  const left = budget && leftOf(budget, situation)
  const gate = gateOf({ candidate, cost, budget, situation })
  const isFull = state.room !== undefined && state.room < 1
  const away: Away = { candidate, cost, isFull, seconds: start + run.seconds, upper: start + run.upper }
  if (gate) away.gate = gate
  if (left) away.budgetLeft = left
  return away
}

/** USD of a run of the expected time. */
export function costAt({ spec }: Work, { state: { limits, price }, run }: Candidate): number {
  const own = specFor(spec, limits.name)
  return costOf({ spec: own, price: price ?? listPrice(limits.name, spec), seconds: run.seconds })
}

function leftOf(budget: MoneyBudget, { spending, now }: Situation): NonNullable<DecisionTerms['budgetLeft']> {
  const { perHour, perMonth } = budget
  return {
    ...(perHour === undefined ? {} : { perHour: Math.max(0, perHour - (spending?.lastHour(now) ?? 0)) }),
    ...(perMonth === undefined ? {} : { perMonth: Math.max(0, perMonth - (spending?.thisMonth(now) ?? 0)) }),
  }
}

interface Gating {
  candidate: Candidate
  cost: number
  budget: MoneyBudget | undefined
  situation: Situation
}

/** The one that keeps it from there for longest. */
function gateOf(gating: Gating): Gate | undefined {
  let longest: Gate | undefined
  for (const gateOn of [breakerGate, moneyGate, faultGate]) {
    const gate = gateOn(gating)
    if (gate && (!longest || gate.from > longest.from)) longest = gate
  }
  return longest
}

function breakerGate({ candidate: { state }, situation: { now } }: Gating): Gate | undefined {
  const breaker = state.breaker ?? CLOSED
  const from = usableFrom(breaker)
  if (from <= now) return undefined
  const cause = breaker.why ? `, the last one ${breaker.why}` : ''
  const where = `${state.limits.name}: ${breaker.ofFunction ? 'this function ' : ''}`
  const text =
    breaker.state === 'half-open'
      ? `${where}was ill, and one attempt is trying whether it is well again`
      : `${where}ill after ${breaker.faults} faults in a row${cause}; tried again at ${timeText(from)}`
  return { code: 'breaker', from, text }
}

function faultGate({ candidate: { state, fault } }: Gating): Gate | undefined {
  if (!fault) return undefined
  const text = `${state.limits.name}: the last attempt there ended with ${fault.cause}; it may go there again at ${timeText(fault.until)}`
  return { code: 'failed-there', from: fault.until, text }
}

function moneyGate({ candidate, cost, budget, situation: { spending, now } }: Gating): Gate | undefined {
  if (!budget) return undefined
  const from = spending ? spending.roomAt(cost, budget, now) : emptyRoomAt(cost, budget, now)
  if (from <= now) return undefined
  const parts = [
    part('hour', spending?.lastHour(now) ?? 0, budget.perHour),
    part('month', spending?.thisMonth(now) ?? 0, budget.perMonth),
  ]
  const when = from === Infinity ? 'it never fits' : `there is room at ${timeText(from)}`
  const text = `${candidate.state.limits.name}: about ${formatUsd(cost)} do not fit the budget, ${parts.filter(Boolean).join(' and ')} are spent; ${when}`
  return { code: 'budget', from, text }
}

const emptyRoomAt = (cost: number, { perHour = Infinity, perMonth = Infinity }: MoneyBudget, now: number) =>
  cost <= Math.min(perHour, perMonth) ? now : Infinity

const part = (period: string, spent: number, budget: number | undefined) =>
  budget === undefined ? '' : `${formatUsd(spent)} of ${formatUsd(budget)} per ${period}`

const timeText = (time: number) => new Date(time).toISOString()
