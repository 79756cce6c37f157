/** Reaches the cluster, and finds out what the back-end needs to know before it makes workers there. */
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../../../runtime/contract/errors.js'
import type { Images } from '../../images/images.js'
import type { BackendHost } from '../backend.js'
import type { Cluster } from './cluster/cluster.js'
import { Fleet } from './fleet/fleet.js'
import { chooseKitWay, type KitChoice } from './kit-way.js'
import type { KubernetesConfig, KubernetesParts } from './kubernetes-config.js'
import { selectorOf } from './names.js'
import type { Job } from './cluster/objects.js'
import { Preparation } from './preparation.js'
import { Surroundings } from './room/surroundings.js'

export interface OpenCluster {
  config: KubernetesConfig
  parts: KubernetesParts
  host: BackendHost
  signal: AbortSignal
  /** It cannot be reached yet, or refuses. */
  onTrouble(trouble: string): void
}

/** What is there once the cluster has been reached. */
export interface OpenedCluster {
  cluster: Cluster
  fleet: Fleet
  images: Images
  preparation: Preparation
  surroundings: Surroundings
  serverVersion: string
  kit: KitChoice
  /** Of an earlier life. */
  jobs: readonly Job[]
}

/** Milliseconds between two tries to reach the cluster for the first time. */
const AGAIN_MS = 2000

/** Undefined when the signal aborts before. */
export async function openCluster(open: OpenCluster): Promise<OpenedCluster | undefined> {
  while (!open.signal.aborted) {
    try {
      return await tryToOpen(open)
    } catch (thrown) {
      open.onTrouble(asError(thrown).message)
      await delay(AGAIN_MS, undefined, { signal: open.signal }).catch(() => undefined)
    }
  }
  return undefined
}

async function tryToOpen(open: OpenCluster): Promise<OpenedCluster> {
  const { config, parts, host } = open
  const { place, keepAliveMs, maxWorkers, imagePullTimeoutMs: troubleMs, now } = config
  const cluster = await parts.connect()
  const [serverVersion, nodes, jobs] = await Promise.all([
    cluster.serverVersion(),
    cluster.listNodes(),
    cluster.listJobs(selectorOf(place.instance)),
  ])
  const runtimes = nodes?.map(({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? '')
  const kit = chooseKitWay({ ...config.kit, serverVersion, ...(runtimes ? { runtimes } : {}) })
  if ('missing' in kit) throw new Error(`backends.kubernetes lacks ${kit.missing}`)
  const kitIsCopied = kit.way === 'init-container'
  const { instance } = place
  const { autoscaling } = config
  const surroundings = await Surroundings.open({ cluster, instance, autoscaling, kitIsCopied, now }, nodes)
  const images = await parts.openImages()
  const preparation = preparationFor(open, { images, way: kit.way })
  const fleet = new Fleet({ cluster, host, preparation, place, keepAliveMs, maxWorkers, troubleMs, now })
  return { cluster, fleet, images, preparation, surroundings, serverVersion, kit, jobs }
}

function preparationFor(
  { config, host, signal }: OpenCluster,
  { images, way }: { images: Images; way: KitChoice['way'] },
): Preparation {
  const { registry, kitImage } = config.kit
  return new Preparation({
    images,
    way,
    kitImages: config.kitImages,
    signal,
    now: config.now,
    onFault: (release, words) => host.log('warn', `${release.function}: ${words}`),
    ...(registry ? { registry } : {}),
    ...(kitImage ? { kitImage } : {}),
  })
}
