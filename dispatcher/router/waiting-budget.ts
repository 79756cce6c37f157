/** How long a piece of work waits for a private slot before public ones may take it. Pure. */
import { PATIENCE, type RoutingPolicy } from '../../runtime/contract/routing-policy.js'
import { formatSeconds } from '../../runtime/contract/units.js'

export interface Waiting {
  /** Seconds of waiting that going public is worth. */
  budget: number
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
  return { budget, hold, forecast }
}

/** `0.5 x 12 s x 2 vCPU`: how the budget came about. */
export function budgetText(policy: RoutingPolicy['waitingBudget'], seconds: number, cpu: number): string {
  const { factor, min, max, share = 'cpu' } = policy
  if (min === max || factor === 0) return 'a fixed time'
  const product = `${factor} x ${formatSeconds(seconds)}${share === 'cpu' ? ` x ${cpu} vCPU` : ''}`
  const grown = factor * (share === 'cpu' ? cpu * seconds : seconds)
  if (grown < min) return `${product}, but never less than ${formatSeconds(min)}`
  return grown > max ? `${product}, but never more than ${formatSeconds(max)}` : product
}
