/** What the back-end reads of the cluster's objects: https://kubernetes.io/docs/reference/kubernetes-api/ */

export interface Metadata {
  name: string
  uid: string
  labels?: Readonly<Record<string, string>>
  annotations?: Readonly<Record<string, string>>
  /** ISO 8601 */
  creationTimestamp?: string
  deletionTimestamp?: string
}

export interface Job {
  metadata: Metadata
  status?: { conditions?: readonly Condition[] }
}

export interface Pod {
  metadata: Metadata
  spec?: PodSpec
  status?: PodStatus
}

export interface PodSpec {
  nodeName?: string
  containers?: readonly ContainerSpec[]
  initContainers?: readonly ContainerSpec[]
  /** Of its runtime class. */
  overhead?: Quantities
  /** Of all containers together. */
  resources?: { requests?: Quantities }
}

export interface ContainerSpec {
  resources?: { requests?: Quantities }
  /** `Always`: an init container that goes on beside the others. */
  restartPolicy?: string
}

export type Quantities = Readonly<Record<string, string>>

export interface PodStatus {
  phase?: string
  reason?: string
  message?: string
  conditions?: readonly Condition[]
  initContainerStatuses?: readonly ContainerStatus[]
  containerStatuses?: readonly ContainerStatus[]
}

export interface Condition {
  type: string
  status: string
  reason?: string
  message?: string
}

export interface ContainerStatus {
  name: string
  state?: {
    waiting?: { reason?: string; message?: string }
    running?: { startedAt?: string }
    terminated?: Terminated
  }
}

export interface Terminated {
  exitCode: number
  signal?: number
  reason?: string
  message?: string
}

export interface ClusterEvent {
  type?: string
  reason?: string
  message?: string
  lastTimestamp?: string | null
  eventTime?: string | null
  metadata: { creationTimestamp?: string }
}

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
export interface Lease {
  spec?: { renewTime?: string; leaseDurationSeconds?: number }
}

export interface Node {
  metadata: { name: string; labels?: Readonly<Record<string, string>> }
  spec?: { unschedulable?: boolean; taints?: readonly Taint[] }
  status?: {
    allocatable?: Quantities
    conditions?: readonly Condition[]
    nodeInfo?: { containerRuntimeVersion?: string; architecture?: string }
  }
}

export interface Taint {
  key: string
  value?: string
  effect: string
}
