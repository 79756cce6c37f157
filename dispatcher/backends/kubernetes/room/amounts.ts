/** What nodes have and pods ask for, by the names that Kubernetes gives it: vCPU, bytes, pieces. Pure. */
import { parseQuantity } from '../quantity.js'

export type Amounts = Readonly<Record<string, number>>

/** Sums of fractions differ from the fraction of the sum by less than that. */
const TOLERANCE = 1e-6

export const amountsOf = (quantities: Readonly<Record<string, string>> = {}): Amounts =>
  Object.fromEntries(Object.entries(quantities).flatMap(([name, text]) => named(name, parseQuantity(text))))

const named = (name: string, amount: number | undefined): [string, number][] =>
  amount === undefined ? [] : [[name, amount]]

export const total = (...many: readonly Amounts[]): Amounts => merged(many, (one, other) => one + other)

/** Of each name the larger amount. */
export const larger = (...many: readonly Amounts[]): Amounts => merged(many, Math.max)

/** How many times the need can be met out of what is free. */
export function timesIn(free: Amounts, need: Amounts): number {
  const times = Object.entries(need).map(([name, amount]) =>
    amount <= 0 ? Number.POSITIVE_INFINITY : Math.floor((amountIn(free, name) + TOLERANCE) / amount),
  )
  return Math.max(0, Math.min(...times))
}

/** A node that keeps silent about what every node has has enough of it; of the rest it has none. */
const amountIn = (free: Amounts, name: string): number =>
  free[name] ?? (name.includes('/') ? 0 : Number.POSITIVE_INFINITY)

/** What is left; less than nothing where more was promised than there is. Of what a node keeps silent about nothing is taken. */
export const less = (free: Amounts, taken: Amounts): Amounts =>
  Object.fromEntries(Object.entries(free).map(([name, amount]) => [name, amount - (taken[name] ?? 0)]))

function merged(many: readonly Amounts[], merge: (one: number, other: number) => number): Amounts {
  const all = new Map<string, number>()
  for (const amounts of many)
    for (const [name, amount] of Object.entries(amounts)) {
      const before = all.get(name)
      all.set(name, before === undefined ? amount : merge(before, amount))
    }
  return Object.fromEntries(all)
}
