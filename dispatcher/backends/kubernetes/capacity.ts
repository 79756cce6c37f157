/** How many workers the cluster can hold. Pure. */
import { specFor } from '../../../runtime/contract/function-spec.js'
import type { Demand } from '../backend.js'
import type { Member } from './members.js'
import type { Node } from './objects.js'
import { parseQuantity } from './quantity.js'

const MEBIBYTE = 1024 ** 2

/** What a worker asks of a node. */
export interface Request {
  /** vCPU */
  cpu: number
  /** MB */
  memory: number
}

/** On average over the work there is; over all functions where there is none. */
export function averageRequest(demands: readonly Demand[]): Request | undefined {
  const busy = demands.filter(({ queued, running }) => queued + running > 0)
  const weighed = busy.length > 0 ? busy : demands
  const weights = weighed.map(({ queued, running }) => Math.max(1, queued + running))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) return undefined
  const specs = weighed.map(({ release }) => specFor(release.spec, 'kubernetes'))
  const mean = (pick: (spec: (typeof specs)[number]) => number) =>
    specs.reduce((sum, spec, index) => sum + pick(spec) * weights[index]!, 0) / total
  return { cpu: mean(({ cpu }) => cpu), memory: mean(({ memorySize }) => memorySize) }
}

/** Workers of that size for which the nodes that may be used have room, if nothing but them is there. */
export function slotsOn(nodes: readonly Node[], { cpu, memory }: Request): number {
  const usable = nodes.filter(({ spec }) => !spec?.unschedulable)
  const rooms = usable.map(({ status }) => {
    const { cpu: vcpu, memory: bytes } = status?.allocatable ?? {}
    const byCpu = (parseQuantity(vcpu ?? '') ?? Infinity) / cpu
    const byMemory = (parseQuantity(bytes ?? '') ?? Infinity) / (memory * MEBIBYTE)
    return Math.floor(Math.min(byCpu, byMemory) + 1e-9)
  })
  return rooms.reduce((sum, room) => sum + room, 0)
}

/** It has found no place, and the cluster has said why. */
export const isUnplaced = ({ state, pod, words }: Member): boolean =>
  state !== 'up' && (pod ? pod.phase === 'unscheduled' && pod.words !== undefined : words !== undefined)
