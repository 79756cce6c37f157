/** What suites and benchmarks of the Kubernetes back-end work with: images in a registry, and dispatchers that pods reach. */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../real/cluster/cluster.js'
import { ADDRESSES } from '../real/cluster/place.js'
import type { ImageConfig } from './containers/oci-image.js'
import type { DispatcherOptions, DispatcherProcess } from './dispatcher-process.js'
import { eventually } from './eventually.js'
import { HttpSignals } from './script-signals.js'
import { TestImages } from './test-images.js'

export const TOKEN = 'token-of-the-tests'
const PORT = 7700

/** By this name nodes and dispatchers find the registry that the tests start. */
const OWN_REGISTRY = `127.0.0.1:${ADDRESSES.registryPort}`

export interface Workbench {
  cluster: Cluster
  namespace: string
  signals: HttpSignals
  /** Configuration of a dispatcher whose workers are in the namespace. */
  config(kubernetes?: Record<string, unknown>, more?: Record<string, unknown>): Promise<Record<string, unknown>>
  /** Started again on the same state within a test; gone after it, like its workers. */
  start(
    kubernetes?: Record<string, unknown>,
    more?: Record<string, unknown>,
    environment?: Record<string, string>,
  ): Promise<DispatcherProcess>
  /** Makes an image in the registry, once; answers its reference. */
  image(name: string, fill: (root: string) => void, config?: ImageConfig): Promise<string>
  /** The same for the image that holds the runtime kit, for the ways in which the registry has no part. */
  kitImage(): Promise<string>
  kubectl(...words: string[]): Promise<string>
  /** Names of the pods of workers. */
  pods(): Promise<string[]>
  /** Nothing is left of any worker. */
  empty(): Promise<unknown>
}

/** Kits and layers take seconds to make: dispatchers of one suite have them in common. */
function shareCache(state: string, cache: string): void {
  mkdirSync(state, { recursive: true })
  if (!existsSync(join(state, 'images'))) symlinkSync(cache, join(state, 'images'))
}

export interface WorkbenchParts {
  directory: () => string
  /** Of images. */
  cache: string
  cluster: Cluster
  namespace: string
  /** Starts a dispatcher on the directory. */
  start: (options: Omit<DispatcherOptions, 'directory'>) => Promise<DispatcherProcess>
}

export function makeWorkbench({ directory, cache, cluster, namespace, start }: WorkbenchParts): Workbench {
  const kubectl = (...words: string[]) => cluster.kubectl('--namespace', namespace, ...words)
  const images = new TestImages(cluster.facts.registry ?? OWN_REGISTRY)
  const config = (kubernetes = {}, more = {}) =>
    dispatcherConfig({ cluster, namespace, registry: images.derived, kubernetes, more })
  const pods = async () =>
    (await kubectl('get', 'pods', '--output=name')).split('\n').flatMap((line) => line.split('/')[1] ?? [])
  return {
    cluster,
    namespace,
    signals: new HttpSignals(cluster.facts.gatewayAddress),
    config,
    start: async (kubernetes, more, variables = {}) => {
      const environment = { KUBECONFIG: cluster.facts.kubeconfig, ...variables }
      shareCache(join(directory(), 'state'), cache)
      return start({ config: await config(kubernetes, more), token: TOKEN, environment })
    },
    image: (name, fill, imageConfig) => images.image(name, fill, imageConfig),
    kitImage: () => images.kit(),
    kubectl,
    pods,
    empty: () =>
      eventually(async () => (await pods()).length === 0, { timeoutMs: 60_000, what: 'the end of all pods' }),
  }
}

/** Where pods, and a store that reports new files, reach its dispatchers. */
export const urlOf = (cluster: Cluster): string => `http://${cluster.facts.gatewayAddress}:${PORT}`

interface ConfigParts {
  cluster: Cluster
  namespace: string
  /** Of derived images. */
  registry: string
  kubernetes: Record<string, unknown>
  more: Record<string, unknown>
}

async function dispatcherConfig({ cluster, namespace, registry, kubernetes, more }: ConfigParts) {
  const context = (await cluster.kubectl('config', 'current-context')).trim()
  const dispatcherUrl = urlOf(cluster)
  const backend = { context, namespace, dispatcherUrl, registry, ...kubernetes }
  return { listen: `0.0.0.0:${PORT}`, drain: 0, ...more, backends: { ...Object(more.backends), kubernetes: backend } }
}
