/** What a worker's container asks for, which is also what it may take. Pure. */
import type { V1ResourceRequirements } from '@kubernetes/client-node'
import type { FunctionSpec } from '../../../../runtime/contract/function-spec.js'
import { cpuText, megabytesText } from '../quantity.js'

/** MB of disk beside the scratch space: the container's log, and what a script writes elsewhere. */
const DISK_OVERHEAD = 64

/** MB that a copy of the runtime kit may take. */
export const KIT_SIZE_MAX = 256

/** Requests are the limits: the pod is of the class Guaranteed, and nobody else's burst takes what was promised to it. */
export function resources(spec: FunctionSpec, kitIsCopied: boolean): V1ResourceRequirements {
  const amounts = {
    cpu: cpuText(spec.cpu),
    memory: megabytesText(spec.memorySize),
    'ephemeral-storage': megabytesText(diskOf(spec, kitIsCopied)),
    ...(spec.gpu.count > 0 ? { [spec.gpu.resource]: String(spec.gpu.count) } : {}),
  }
  return { requests: amounts, limits: amounts }
}

const diskOf = (spec: FunctionSpec, kitIsCopied: boolean) =>
  spec.ephemeralStorageSize + DISK_OVERHEAD + (kitIsCopied ? KIT_SIZE_MAX : 0)
