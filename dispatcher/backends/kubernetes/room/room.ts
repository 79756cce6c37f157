/** How many workers the nodes have room for beside what others run there. Pure. */
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import type { Demand, SharedVcpu } from '../../backend.js'
import type { Node } from '../cluster/objects.js'
import { amountsOf, less, timesIn, type Amounts } from './amounts.js'
import { pack, type PackedKind } from './pack.js'
import { mayHold, takesPods } from './placement.js'
import type { Taken } from './taken.js'
import { shapeOf, type WorkerShape } from './worker-shape.js'

export interface RoomFacts {
  nodes: readonly Node[]
  /** What others take, by the name of the node; undefined: nobody knows. */
  taken: Taken | undefined
  /** Each worker's pod has a volume for the runtime kit. */
  kitIsCopied: boolean
}

/** A worker that has something to do, and what it takes of its node. */
export interface Placed {
  node: string
  cpu: number
}

interface Fit extends WorkerShape {
  /** The nodes that may hold it, by their place in the list. */
  nodes: readonly number[]
}

export class Room {
  readonly #nodes: readonly Node[]
  readonly #free: readonly Amounts[]
  readonly #kitIsCopied: boolean
  readonly #fits = new WeakMap<FunctionSpec, Fit>()
  readonly #slots = new WeakMap<FunctionSpec, number>()

  constructor({ nodes, taken, kitIsCopied }: RoomFacts) {
    this.#nodes = nodes.filter(takesPods)
    this.#free = this.#nodes.map(({ metadata: { name }, status }) =>
      less(amountsOf(status?.allocatable), taken?.get(name) ?? {}),
    )
    this.#kitIsCopied = kitIsCopied
  }

  /** Workers of that function, if there were no others of this dispatcher. */
  slotsFor(spec: FunctionSpec): number {
    const known = this.#slots.get(spec)
    if (known !== undefined) return known
    const { nodes, need } = this.#fitOf(spec)
    const slots = nodes.reduce((sum, node) => sum + timesIn(this.#free[node]!, need), 0)
    this.#slots.set(spec, slots)
    return slots
  }

  /** Workers, at most so many, in the proportions of the work there is; of all functions where there is none. */
  slots(demands: readonly Demand[], most: number): number {
    const busy = demands.filter(({ queued, running }) => queued + running > 0)
    const counted = busy.length > 0 ? busy : demands
    if (counted.length === 0) return most
    return pack(
      counted.map((demand) => this.#packed(demand)),
      this.#free,
      most,
    )
  }

  /** What the nodes have beside what others take; undefined where one keeps silent about it. */
  vcpu(workers: readonly Placed[]): SharedVcpu | undefined {
    const free = this.#free.map(({ cpu }) => cpu)
    if (!free.every((cpu) => cpu !== undefined)) return undefined
    const own = new Map<string, number>()
    for (const { node, cpu } of workers) own.set(node, (own.get(node) ?? 0) + cpu)
    const left = free.map((cpu, index) => cpu - (own.get(this.#nodes[index]!.metadata.name) ?? 0))
    return { all: free.reduce((sum, cpu) => sum + Math.max(0, cpu), 0), largestFree: Math.max(0, ...left) }
  }

  #packed({ release, queued, running }: Demand): PackedKind {
    const { need, nodes } = this.#fitOf(release.spec)
    return { share: Math.max(1, queued + running), need, nodes }
  }

  #fitOf(spec: FunctionSpec): Fit {
    const known = this.#fits.get(spec)
    if (known) return known
    const shape = shapeOf(spec, this.#kitIsCopied)
    const nodes = [...this.#nodes.keys()].filter((index) => mayHold(this.#nodes[index]!, shape))
    const fit = { ...shape, nodes }
    this.#fits.set(spec, fit)
    return fit
  }
}
