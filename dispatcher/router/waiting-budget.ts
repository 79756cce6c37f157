/** How long a piece of work waits for a private slot before public ones may take it. Pure. */
import type { DecisionTerms } from '../../runtime/contract/decision.js'
import { PATIENCE, type RoutingPolicy } from '../../runtime/contract/routing-policy.js'

export interface Waiting {
  /** Seconds of waiting that going public is worth. */
  budget: number
  /** What it is the product of; absent: it is a fixed time. */
  from?: NonNullable<DecisionTerms['waitingBudgetFrom']>
  /** Seconds after which it spills although it was expected to start within its budget. */
  hold: number
  /** Whether what is expected to wait longer than its budget spills at once. */
  forecast: boolean
}

/** The budget grows with what the work would cost elsewhere: its time and its share of a machine. */
export function waitingOf(policy: RoutingPolicy['waitingBudget'], seconds: number, cpu: number): Waiting {
  const { factor, min, max, share = 'cpu', forecast = true, patience = PATIENCE } = policy
  const grown = factor * (share === 'cpu' ? cpu * seconds : seconds)
  const budget = Math.max(min, Math.min(max, grown))
  const hold = forecast ? Math.max(min, Math.min(max, patience * budget)) : budget
  if (min === max || factor === 0) return { budget, hold, forecast }
  return { budget, hold, forecast, from: share === 'cpu' ? { factor, cpu } : { factor } }
}
