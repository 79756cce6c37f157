/** What suites and benchmarks of the Kubernetes back-end work with: images in a registry, and dispatchers that pods reach. */
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { buildKit } from '../../dispatcher/images/kit.js'
import type { Cluster } from '../real/cluster/cluster.js'
import { ADDRESSES } from '../real/cluster/place.js'
import type { ImageConfig } from './containers/oci-image.js'
import { REPOSITORY, type DispatcherOptions, type DispatcherProcess } from './dispatcher-process.js'
import { eventually } from './eventually.js'
import { HttpSignals } from './script-signals.js'

export const TOKEN = 'token-of-the-tests'
const PORT = 7700

/** By this name nodes and dispatchers find the registry of the tests. */
const REGISTRY = `127.0.0.1:${ADDRESSES.registryPort}`

/** Where derived images are kept. */
export const DERIVED = `${REGISTRY}/spillway`

/** Holds the runtime kit, for the ways in which the registry has no part. */
export const KIT_IMAGE = 'localhost/spillway-test/kit:1'

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
  const config = (kubernetes = {}, more = {}) => dispatcherConfig({ cluster, namespace, kubernetes, more })
  const images = new Map<string, Promise<string>>()
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
    image: (name, fill, imageConfig = {}) => {
      const image = images.get(name) ?? makeImage(cluster, { name, fill, config: imageConfig })
      images.set(name, image)
      return image
    },
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
  kubernetes: Record<string, unknown>
  more: Record<string, unknown>
}

async function dispatcherConfig({ cluster, namespace, kubernetes, more }: ConfigParts) {
  const context = (await cluster.kubectl('config', 'current-context')).trim()
  const dispatcherUrl = urlOf(cluster)
  const backend = { context, namespace, dispatcherUrl, registry: DERIVED, ...kubernetes }
  return { listen: `0.0.0.0:${PORT}`, drain: 0, ...more, backends: { ...Object(more.backends), kubernetes: backend } }
}

async function makeImage(
  cluster: Cluster,
  { name, fill, config }: { name: string; fill: (root: string) => void; config: ImageConfig },
): Promise<string> {
  const local = `localhost/spillway-test/${name}:1`
  const reference = `${REGISTRY}/test/${name}:1`
  await cluster.makeImage({ reference: local, fill, config })
  await cluster.pushImage(local, reference)
  return reference
}

/** An image of the node's with the kit of this machine. */
export const makeKitImage = async (cluster: Cluster, directory: string): Promise<void> => {
  const supervisor = join(REPOSITORY, 'dist/runtime/supervisor.cjs')
  const kit = await buildKit({ node: process.execPath, supervisor, parent: directory })
  await cluster.makeImage({
    reference: KIT_IMAGE,
    fill: (root) => {
      mkdirSync(join(root, 'opt'))
      cpSync(kit.directory, join(root, 'opt/spillway'), { recursive: true })
    },
  })
}
