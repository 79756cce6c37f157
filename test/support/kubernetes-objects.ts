/** Nodes and pods of others, as a cluster shows them. */
import type {
  ContainerSpec,
  Node,
  Pod,
  PodSpec,
  Quantities,
  Taint,
} from '../../dispatcher/backends/kubernetes/cluster/objects.js'

export interface NodeFacts {
  unschedulable?: boolean
  taints?: Taint[]
  labels?: Record<string, string>
  ready?: 'True' | 'False' | 'Unknown'
}

export const nodeOf = (
  name: string,
  allocatable: Quantities,
  { unschedulable = false, taints = [], labels = {}, ready = 'True' }: NodeFacts = {},
): Node => ({
  metadata: { name, labels: { 'kubernetes.io/arch': 'amd64', ...labels } },
  spec: { unschedulable, taints },
  status: { allocatable, conditions: [{ type: 'Ready', status: ready }] },
})

export const containerOf = (requests: Quantities, restartPolicy?: string): ContainerSpec => ({
  resources: { requests },
  ...(restartPolicy ? { restartPolicy } : {}),
})

let pods = 0

/** A pod of somebody else on that node. */
export function otherPod(nodeName: string, requests: Quantities, more: PodSpec & { phase?: string } = {}): Pod {
  const { phase = 'Running', ...spec } = more
  const name = `other-${++pods}`
  return {
    metadata: { name, uid: name },
    spec: { nodeName, containers: [containerOf(requests)], ...spec },
    status: { phase },
  }
}
