/** Finds the cluster: that of the pod we run in, or that of a context of the user's kubeconfig. */
import type { KubeConfig } from '@kubernetes/client-node'
import { asError, SpillwayError } from '../../../../runtime/contract/errors.js'
import { ApiServer } from './api-server.js'
import type { Cluster } from './cluster.js'
import { Connection } from './connection.js'

export interface ClusterPlace {
  /** Undefined: the cluster in which we run. */
  context?: string
  namespace: string
}

/** The client library takes half a second to load, so only who has a cluster loads it. */
export async function connect({ context, namespace }: ClusterPlace): Promise<Cluster> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    if (context === undefined) config.loadFromCluster()
    else choose(config, context)
    return new ApiServer(new Connection(config), namespace)
  } catch (thrown) {
    if (thrown instanceof SpillwayError) throw thrown
    throw new SpillwayError(
      'invalid-configuration',
      `backends.kubernetes: the way to the cluster cannot be found: ${asError(thrown).message}. ` +
        'Outside of a cluster write context: NAME, a context of your kubeconfig.',
    )
  }
}

function choose(config: KubeConfig, context: string): void {
  config.loadFromDefault()
  const known = config.getContexts().map(({ name }) => name)
  if (!known.includes(context))
    throw new SpillwayError(
      'invalid-configuration',
      `backends.kubernetes.context must be a context of your kubeconfig, got ${context}; it has ${known.join(', ') || 'none'}.`,
    )
  config.setCurrentContext(context)
}
