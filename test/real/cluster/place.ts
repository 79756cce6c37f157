/** Where one cluster of the tests lives: its directory, its network namespace, its addresses. Several may live side by side. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What tests need to know of a cluster; a foreign one (SPILLWAY_TEST_KUBECONFIG) has no more than these. */
export interface ClusterFacts {
  /** Of an administrator. */
  kubeconfig: string
  /** Where pods reach what the tests start, e.g. a dispatcher or MinIO. */
  gatewayAddress: string
  /** From where its nodes pull, and to where the tests may push, e.g. `registry.example.org/tests`; absent: the tests start one. */
  registry?: string
  /** Absent for a foreign cluster. */
  place?: ClusterPlace
}

export interface ClusterPlace {
  name: string
  /** Everything the cluster keeps on disk; gone with the cluster. */
  directory: string
  /** For `nsenter --net=`; `ip netns exec` would hide the control groups from the kubelet. */
  networkNamespace: string
  /** Every process of the cluster is below it, and those of its pods too. */
  controlGroup: string
  nodeName: string
  /** Lets pods mount images as volumes, which takes a newer containerd than Debian's and a feature gate. */
  imageVolumes: boolean
}

/** Inside each namespace the addresses are the same. */
export const ADDRESSES = {
  node: '10.123.0.1',
  nodePrefix: 24,
  pods: '10.125.0.0/16',
  podsPrefix: 16,
  gateway: '10.125.0.1',
  services: '10.124.0.0/16',
  apiService: '10.124.0.1',
  /** Images may be pulled by plain HTTP from there (and from 127.0.0.1): start registries on 0.0.0.0 with this port. */
  registryPort: 5000,
} as const

export const placeOf = (name: string, { imageVolumes = false } = {}): ClusterPlace => ({
  name,
  directory: join(tmpdir(), `spillway-cluster-${name}`),
  networkNamespace: `/run/netns/spillway-${name}`,
  controlGroup: `spillway-${name}`,
  nodeName: `spillway-${name}`,
  imageVolumes,
})

/** Describes the cluster to programs; there when, and only when, the cluster is up. */
export const factsFile = ({ directory }: ClusterPlace): string => join(directory, 'cluster.json')
