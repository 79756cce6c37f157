/** What the workers of all functions share, in vCPU: as nodes tell it, and as many workers as there may be take of it. Pure. */
import { specFor } from '../../../../runtime/contract/function-spec.js'
import type { Demand, SharedVcpu } from '../../backend.js'

export interface VcpuFacts {
  /** Of the nodes. */
  room: SharedVcpu
  /** Workers for which there is room by the nodes, and after what the cluster has said. */
  most: number
  slots: number
  /** vCPU of each worker that has found a place. */
  placed: readonly number[]
  demands: readonly Demand[]
}

export function sharedVcpu({ room, most, slots, placed, demands }: VcpuFacts): SharedVcpu {
  const each = slots < most && placed.length > 0 ? mean(placed) : meanOf(demands)
  return each === undefined ? room : { ...room, all: Math.min(room.all, slots * each) }
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

/** Of the work there is; of all functions where there is none; undefined where there are none. */
function meanOf(demands: readonly Demand[]): number | undefined {
  const busy = demands.filter(({ queued, running }) => queued + running > 0)
  let [pieces, vcpu] = [0, 0]
  for (const { release, queued, running } of busy.length > 0 ? busy : demands) {
    const count = Math.max(1, queued + running)
    pieces += count
    vcpu += count * specFor(release.spec, 'kubernetes').cpu
  }
  return pieces > 0 ? vcpu / pieces : undefined
}
