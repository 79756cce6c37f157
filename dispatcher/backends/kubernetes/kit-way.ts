/** How the runtime kit gets into the containers, and why that way. Pure. */

/** Fastest first. */
export const KIT_WAYS = ['derived', 'image-volume', 'init-container'] as const
export type KitWay = (typeof KIT_WAYS)[number]

export interface KitFacts {
  /** As configured. */
  wanted: KitWay | 'auto'
  registry?: string
  kitImage?: string
  /** Of the API server, e.g. `v1.34.4`. */
  serverVersion: string
  /** Of every node, e.g. `containerd://2.1.4`; undefined: nodes may not be looked at. */
  runtimes?: readonly string[]
}

export interface KitChoice {
  way: KitWay
  /** The second half of the sentence "... because ...". */
  because: string
}

/** Image volumes are on without anybody's doing from here on: https://kubernetes.io/docs/concepts/storage/volumes/#image */
const IMAGE_VOLUME_VERSION = [1, 35] as const
/** https://github.com/containerd/containerd/releases/tag/v2.1.0, https://github.com/cri-o/cri-o/releases/tag/v1.31.0 */
const RUNTIME_VERSIONS: Readonly<Record<string, readonly [number, number]>> = { containerd: [2, 1], 'cri-o': [1, 31] }

/** The way, or what is missing from the configuration for any. */
export function chooseKitWay(facts: KitFacts): KitChoice | { missing: string } {
  const { wanted, registry, kitImage } = facts
  if (wanted === 'derived' && !registry)
    return { missing: 'kit: derived needs registry, where derived images are kept' }
  if (wanted !== 'auto' && wanted !== 'derived' && !kitImage)
    return { missing: `kit: ${wanted} needs kitImage, an image that holds the runtime kit` }
  if (wanted !== 'auto') return { way: wanted, because: 'the configuration says so' }
  if (registry) return { way: 'derived', because: `derived images are kept in ${registry}` }
  if (!kitImage)
    return {
      missing: 'one of registry, where derived images are kept, and kitImage, an image that holds the runtime kit',
    }
  const doubt = againstImageVolumes(facts)
  if (doubt === undefined)
    return { way: 'image-volume', because: 'no registry is configured and the cluster has image volumes' }
  return { way: 'init-container', because: `no registry is configured and ${doubt}` }
}

function againstImageVolumes({ serverVersion, runtimes }: KitFacts): string | undefined {
  const server = versionOf(serverVersion)
  if (!server || !isAtLeast(server, IMAGE_VOLUME_VERSION))
    return `image volumes need Kubernetes ${IMAGE_VOLUME_VERSION.join('.')}, this is ${serverVersion}`
  if (!runtimes || runtimes.length === 0)
    return 'nodes may not be looked at, so nobody knows whether they have image volumes'
  const old = runtimes.find((runtime) => !hasImageVolumes(runtime))
  return old === undefined ? undefined : `the runtime ${old} of a node has no image volumes`
}

function hasImageVolumes(runtime: string): boolean {
  const [name = '', version = ''] = runtime.split('://')
  const least = RUNTIME_VERSIONS[name]
  const is = versionOf(version)
  return least !== undefined && is !== undefined && isAtLeast(is, least)
}

function versionOf(text: string): [number, number] | undefined {
  const match = /^v?([0-9]+)\.([0-9]+)/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

const isAtLeast = ([major, minor]: readonly [number, number], [leastMajor, leastMinor]: readonly [number, number]) =>
  major > leastMajor || (major === leastMajor && minor >= leastMinor)
