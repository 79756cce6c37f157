/** How long work stays for private back-ends before public ones may take it, if nothing else stands in the way. Pure. */
import type { DeadlineNote, DecisionTerms, Rule } from '../../runtime/contract/decision.js'
import { specFor } from '../../runtime/contract/function-spec.js'
import { costAt, type Away } from './away.js'
import type { Candidate } from './candidates.js'
import type { HomeWait } from './home-wait.js'
import type { Situation, Work } from './situation.js'
import { waitingOf } from './waiting-budget.js'

/** Seconds that a free worker is given to take work that need not wait. */
const PULL_SECONDS = 1

export interface Stay {
  rule: Rule
  /** Seconds from acceptance; null = until it has run there. */
  hold: number | null
  /** The public side is the better place now. */
  awayFirst: boolean
  /** Seconds of waiting that going public is worth, where that was weighed. */
  budget?: number
  /** What that is the product of. */
  budgetFrom?: NonNullable<DecisionTerms['waitingBudgetFrom']>
  /** Present when a deadline decided. */
  note?: DeadlineNote
}

export interface StayQuestion {
  work: Work
  situation: Situation
  homes: readonly Candidate[]
  away: Away
  wait: HomeWait | undefined
  /** Epoch milliseconds. */
  acceptedAt: number
}

export function stayAt(question: StayQuestion): Stay {
  const { work, homes } = question
  if (homes.length === 0) return { rule: 'only-public', hold: waited(question), awayFirst: true }
  if (homes.every(({ fault }) => fault)) return { rule: 'failed-there', hold: waited(question), awayFirst: true }
  if (work.moved) return { rule: 'moved', hold: waited(question), awayFirst: true }
  return withinDeadline(question, PREFERENCES[work.spec.routing.prefer](question))
}

const PREFERENCES: Readonly<Record<Work['spec']['routing']['prefer'], (question: StayQuestion) => Stay>> = {
  private: preferPrivate,
  cheapest: preferCheapest,
  fastest: preferFastest,
}

/**
 * Waiting costs time, that of this work and of what comes after it; going over costs money. What it has waited is no
 * reason to go on waiting, nor to stop: what counts is how long it would take from here.
 */
function preferPrivate(question: StayQuestion): Stay {
  const { work, homes, wait } = question
  const { spec } = work
  const { state, run } = homes[0]!
  const { cpu } = specFor(spec, state.limits.name)
  const { budget, hold, forecast, from } = waitingOf(spec.routing.waitingBudget, run.seconds, cpu)
  const weighed = from ? { budget, budgetFrom: from } : { budget }
  const seconds = forecast ? wait?.expected?.seconds : undefined
  if (seconds === undefined) return { rule: 'waiting-budget', hold: budget, awayFirst: false, ...weighed }
  const all = seconds > 0 ? seconds + wait!.others : 0
  if (all > budget) return { rule: 'expected-wait', hold: waited(question), awayFirst: true, ...weighed }
  const least = seconds === 0 ? PULL_SECONDS : 0
  return { rule: 'waiting-budget', hold: Math.max(hold, least), awayFirst: false, ...weighed }
}

function preferCheapest(question: StayQuestion): Stay {
  const { work, homes, away } = question
  const home = Math.min(...homes.map((candidate) => costAt(work, candidate)))
  if (away.cost < home) return { rule: 'cheapest', hold: waited(question), awayFirst: true }
  return { rule: 'cheapest', hold: null, awayFirst: false }
}

function preferFastest(question: StayQuestion): Stay {
  const { homes, wait, away } = question
  const ahead = away.seconds - homes[0]!.run.seconds
  if ((wait?.expected?.seconds ?? 0) > ahead) return { rule: 'fastest', hold: waited(question), awayFirst: true }
  return { rule: 'fastest', hold: Math.max(PULL_SECONDS, ahead), awayFirst: false }
}

/** A deadline is kept wherever it can be: it shortens the stay, and ends it when the public side alone can be in time. */
function withinDeadline(question: StayQuestion, stay: Stay): Stay {
  const { work, homes, away, wait } = question
  const { deadline } = work.spec.routing
  if (deadline === undefined) return stay
  const over = waited(question)
  const here = over + (wait?.expected?.seconds ?? 0) + Math.min(...homes.map(({ run }) => run.upper))
  const latest = deadline - away.upper
  const reachable = latest >= over
  if (here > deadline && (reachable || away.upper + over < here))
    return { ...stay, rule: 'deadline', hold: over, awayFirst: true, note: reachable ? 'only-away' : 'too-late' }
  if (!reachable || (stay.hold !== null && stay.hold <= latest)) return stay
  return { ...stay, rule: 'deadline', hold: latest, note: 'latest' }
}

/** Seconds since it was accepted. */
const waited = ({ situation: { now }, acceptedAt }: StayQuestion) => Math.max(0, (now - acceptedAt) / 1000)
