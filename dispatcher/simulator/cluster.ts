/** Fractions of units do not add up exactly. */
const ROUNDING = 1e-9

/** Nodes with units to take. Work takes all of its units on one node: the first that has them free. */

export interface Capacity {
  nodes: number
  /** Units of each node. */
  units: number
  /** What a piece of work takes: one unit, or as many as it has vCPU. */
  unit: 'attempt' | 'vcpu'
  /** Smaller work starts before larger work that does not fit yet. */
  overtaking: boolean
}

export class Cluster {
  readonly #free: number[]

  constructor({ nodes, units }: Capacity) {
    this.#free = Array.from({ length: nodes }, () => units)
  }

  /** Most units that are free on one node. */
  get largestFree(): number {
    let largest = 0
    for (const free of this.#free) if (free > largest) largest = free
    return largest
  }

  /** The number of the node, or undefined when it fits none. */
  take(units: number): number | undefined {
    const node = this.#free.findIndex((free) => free >= units - ROUNDING)
    if (node < 0) return undefined
    this.#free[node]! -= units
    return node
  }

  giveBack(node: number, units: number): void {
    this.#free[node]! += units
  }
}
