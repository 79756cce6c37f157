/** As much of a Kubernetes API as the back-end needs, for one namespace. */
import type { V1Job, V1Secret } from '@kubernetes/client-node'
import type { ClusterEvent, Job, Lease, Metadata, Node, Pod } from './objects.js'

export interface Cluster {
  /** Calls so far; a watch counts as one. */
  readonly calls: number
  /** E.g. `v1.34.4`. */
  serverVersion(): Promise<string>
  createJob(job: V1Job): Promise<Metadata>
  createSecret(secret: V1Secret): Promise<void>
  /** With its pods, and what they own; when it is not there nothing happens. */
  deleteJob(name: string): Promise<void>
  listJobs(selector: string): Promise<Job[]>
  listPods(selector: string): Promise<PodList>
  /**
   * Says what changes after `version`, until the server ends it, the signal aborts, or nothing is heard for too long.
   * Rejects with a `ClusterRefusal` of 410 when that version is too old.
   */
  watchPods(watch: PodWatch): Promise<void>
  /** What the cluster has said about an object. */
  eventsOf(kind: 'Job' | 'Pod', name: string): Promise<ClusterEvent[]>
  /** Undefined: nodes may not be looked at. */
  listNodes(): Promise<Node[] | undefined>
  /** By which a node says that it lives. Undefined: it may not be looked at, or there is none. */
  leaseOf(node: string, signal: AbortSignal): Promise<Lease | undefined>
  /**
   * Pods of all namespaces that have a node and have not ended, but for those that the selector excludes, as the server
   * remembers them. Undefined: they may not be looked at.
   */
  listOtherPods(exclusion: string): Promise<Pod[] | undefined>
  close(): void
}

export interface PodList {
  pods: Pod[]
  version: string
}

export interface PodWatch {
  selector: string
  version: string
  signal: AbortSignal
  onPod(change: 'ADDED' | 'MODIFIED' | 'DELETED', pod: Pod): void
}

/** The API server says no. */
export class ClusterRefusal extends Error {
  override readonly name = 'ClusterRefusal'
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** E.g. `Forbidden`, `AlreadyExists`. */
    readonly reason: string,
    message: string,
  ) {
    super(message)
  }
}

/** The API server cannot be reached, or has a fault of its own: it may answer later. */
export class ClusterUnreachable extends Error {
  override readonly name = 'ClusterUnreachable'
}
