/** The command line of Kubernetes, as the cluster's administrator. */
import { pathOf } from './programs.js'
import { kubeconfigOf } from './kubeconfig.js'
import { ADDRESSES, type ClusterFacts, type ClusterPlace } from './place.js'
import { runCommand, runInside, type Run } from './processes.js'

/** Resolves to its standard output; fails with what it says. A foreign cluster is asked by the kubectl on PATH. */
export function kubectl({ kubeconfig, place }: ClusterFacts, words: string[], run?: Run): Promise<string> {
  const args = [`--kubeconfig=${kubeconfig}`, ...words]
  return place ? runInside(place, [pathOf('kubectl'), ...args], run) : runCommand(['kubectl', ...args], run)
}

export const factsOf = (place: ClusterPlace): ClusterFacts => ({
  kubeconfig: kubeconfigOf(place, 'admin'),
  gatewayAddress: ADDRESSES.gateway,
  place,
})
