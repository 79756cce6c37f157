/** How many workers of several kinds find a place beside each other. Pure. */
import { less, timesIn, type Amounts } from './amounts.js'

export interface PackedKind {
  /** Of the work; more than 0. */
  share: number
  need: Amounts
  /** Those that may hold it, by their place in the list. */
  nodes: readonly number[]
}

/**
 * In proportion to the shares, until nothing of any kind fits or there are `most`. Each goes to the node that is of use
 * to the fewest kinds, so that what could go anywhere does not take the only place of others.
 */
export function pack(kinds: readonly PackedKind[], free: readonly Amounts[], most: number): number {
  const left = [...free]
  let fitting = withOrder(kinds, free.length)
  let placed = 0
  while (placed < most && fitting.length > 0) {
    const next = fitting.reduce((first, other) => (turnOf(other) < turnOf(first) ? other : first))
    const node = findNode(next, left)
    if (node === undefined) fitting = fitting.filter((other) => other !== next)
    else {
      left[node] = less(left[node]!, next.need)
      next.placed++
      placed++
    }
  }
  return placed
}

interface Packing extends PackedKind {
  placed: number
  /** Where in `nodes` the first one may be that has room left: what is full stays full. */
  from: number
}

const turnOf = ({ placed, share }: Packing) => (placed + 1) / share

function withOrder(kinds: readonly PackedKind[], count: number): Packing[] {
  const users = new Uint32Array(count)
  for (const { nodes } of kinds) for (const node of nodes) users[node]!++
  return kinds.map((kind) => ({
    ...kind,
    nodes: kind.nodes.toSorted((one, other) => users[one]! - users[other]!),
    placed: 0,
    from: 0,
  }))
}

function findNode(kind: Packing, left: readonly Amounts[]): number | undefined {
  for (; kind.from < kind.nodes.length; kind.from++) {
    const node = kind.nodes[kind.from]!
    if (timesIn(left[node]!, kind.need) >= 1) return node
  }
  return undefined
}
