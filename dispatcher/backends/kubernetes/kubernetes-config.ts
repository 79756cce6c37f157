/** What the back-end is told about its cluster, and what it is given to reach it. */
import type { Architecture } from '../../images/image-facts.js'
import type { Images } from '../../images/images.js'
import type { Cluster } from './cluster/cluster.js'
import type { KitFacts } from './kit-way.js'
import type { Place } from './pod/worker.js'

export interface KubernetesConfig {
  place: Place
  keepAliveMs: number
  maxWorkers: number
  /** Milliseconds for which a container may fail to start. */
  imagePullTimeoutMs: number
  /** Nodes come when they are needed. */
  autoscaling: boolean
  kit: Pick<KitFacts, 'wanted' | 'registry' | 'kitImage'>
  /** Images with kits for other architectures than the dispatcher's own. */
  kitImages: Partial<Record<Architecture, string>>
  heartbeatSeconds: number
  leaseSeconds: number
  now(): number
}

export interface KubernetesParts {
  connect(): Promise<Cluster>
  openImages(): Promise<Images>
}
