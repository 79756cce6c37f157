/** What the back-end can take at most: the largest node, where nodes may be looked at. Pure. */
import { architectureOf } from '../../images/platform.js'
import type { BackendLimits } from '../backend.js'
import type { Node } from './cluster/objects.js'
import { parseQuantity } from './quantity.js'

const MEBIBYTE = 1024 ** 2

/** Extended resources that are GPUs: `nvidia.com/gpu`, `amd.com/gpu`, `gpu.intel.com/i915`, `nvidia.com/mig-1g.5gb`. */
const GPU = /gpu|^nvidia\.com\/mig-/

/** `undefined`: nodes may not be looked at, or more come when they are needed. */
export function limitsOf(nodes: readonly Node[] | undefined): BackendLimits {
  const none = { name: 'kubernetes', public: false } as const
  const usable = nodes?.filter(({ spec }) => !spec?.unschedulable) ?? []
  if (usable.length === 0) return none
  const amounts = usable.map(({ status }) => amountsOf(status?.allocatable ?? {}))
  const architectures = new Set(usable.map(({ status }) => architectureOf(status?.nodeInfo?.architecture)))
  const most = (pick: (amount: Amounts) => number) => Math.max(...amounts.map(pick))
  return {
    ...none,
    memoryMax: Math.floor(most(({ memory }) => memory) / MEBIBYTE),
    ephemeralStorageMax: Math.floor(most(({ storage }) => storage) / MEBIBYTE),
    cpuMax: most(({ cpu }) => cpu),
    gpuMax: most(({ gpus }) => gpus),
    ...(architectures.has(undefined) ? {} : { architectures: [...architectures].filter((name) => name !== undefined) }),
  }
}

interface Amounts {
  /** bytes */
  memory: number
  /** bytes */
  storage: number
  cpu: number
  gpus: number
}

function amountsOf(allocatable: Readonly<Record<string, string>>): Amounts {
  const amount = (name: string) => parseQuantity(allocatable[name] ?? '') ?? Number.POSITIVE_INFINITY
  const gpus = Object.keys(allocatable).filter((name) => name.includes('/') && GPU.test(name))
  return {
    memory: amount('memory'),
    storage: amount('ephemeral-storage'),
    cpu: amount('cpu'),
    gpus: Math.max(0, ...gpus.map((name) => parseQuantity(allocatable[name]!) ?? 0)),
  }
}
