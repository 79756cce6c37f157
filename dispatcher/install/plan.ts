/** What is to be installed: the words of the command, checked and complete. */

/** Keys as in docs/dispatcher.md; only those that the installation sets itself are known here. */
export interface DispatcherFile {
  backends?: { kubernetes?: Record<string, unknown>; [name: string]: unknown }
  [key: string]: unknown
}

export interface InstallPlan {
  /** Of the Deployment, its Service and all the rest; two installations on one cluster have two names. */
  name: string
  namespace: string
  /** Where the Jobs run. */
  workers: string
  /** Holds dispatcher, runtime kit and Node.js: what `spillway image push` has pushed. */
  image: string
  /** Of that image, where nodes are of several. */
  architecture?: 'x86_64' | 'arm64'
  /** Content of the dispatcher's YAML file. */
  file: DispatcherFile
  /** Pods of the dispatcher; several need a PostgreSQL database, see `check-replicas`. */
  replicas: number
  /** Size of the volume for the record and the logs, e.g. `1Gi`; several pods have none. */
  storage: string
  storageClass?: string
  /** Host name of an Ingress; without one the dispatcher is reached from inside the cluster. */
  ingress?: { host: string; className?: string; tlsSecret?: string }
  /** Let the dispatcher look at the nodes, so that it knows what can fit at all. */
  readNodes: boolean
  /** Let it list the pods of all namespaces too, so that it knows what others have taken. */
  readPods: boolean
  imagePullSecrets: string[]
}

export const PORT = 7700

/** URL of the Service inside the cluster: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/ */
export const serviceUrl = ({ name, namespace }: Pick<InstallPlan, 'name' | 'namespace'>): string =>
  `http://${name}.${namespace}.svc:${PORT}`

/** Names of the objects that others refer to. */
export const namesOf = ({ name, namespace }: Pick<InstallPlan, 'name' | 'namespace'>) => ({
  configMap: `${name}-config`,
  secret: `${name}-secrets`,
  volume: `${name}-state`,
  workerRole: `${name}-workers`,
  /** Of the whole cluster, so it needs more than the name. */
  nodeRole: `${namespace}-${name}-nodes`,
})
