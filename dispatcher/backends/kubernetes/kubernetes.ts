/** The Kubernetes back-end: its workers are Jobs, whose pods run the functions' images with our supervisor in them. */
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../../../runtime/contract/errors.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { WorkerFile } from '../../../runtime/contract/runtime-api.js'
import type { Architecture } from '../../images/image-facts.js'
import type { Images } from '../../images/images.js'
import type { BackendHost, BackendLimits, Capacity, Demand, Loss, WorkerBackend } from '../backend.js'
import { slotsOn } from './capacity.js'
import { refusalOf } from './check.js'
import type { Cluster } from './cluster.js'
import { Fleet } from './fleet.js'
import { followPods } from './follow-pods.js'
import { chooseKitWay, type KitChoice, type KitFacts } from './kit-way.js'
import { limitsOf } from './limits.js'
import { selectorOf } from './names.js'
import type { Job, Node } from './objects.js'
import { Preparation } from './preparation.js'
import { workerFile } from './worker-file.js'
import type { Place } from './worker.js'

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

/** Milliseconds between two tries to reach the cluster for the first time. */
const AGAIN_MS = 2000

/** Milliseconds between two looks at the nodes while work waits, or could not. */
const NODES_MS = 5000

/** What is there once the cluster has been reached. */
interface Opened {
  cluster: Cluster
  fleet: Fleet
  images: Images
  preparation: Preparation
  serverVersion: string
  kit: KitChoice
  /** Of an earlier life. */
  jobs: readonly Job[]
}

export class KubernetesBackend implements WorkerBackend {
  readonly origin: string
  readonly #config: KubernetesConfig
  readonly #parts: KubernetesParts
  readonly #host: BackendHost
  readonly #closing = new AbortController()
  readonly #adopted: () => void
  #limits: BackendLimits = limitsOf(undefined)
  #opened: Opened | undefined
  /** Undefined where they may not be looked at, or more come when they are needed. */
  #nodes: readonly Node[] | undefined
  #nodesAt = -Infinity
  #illSince: number | undefined
  #trouble: string | undefined = 'it has not been reached yet'
  /** Among several dispatchers. */
  #role: 'scaling' | 'following' | 'taking-over' = 'scaling'

  constructor(config: KubernetesConfig, parts: KubernetesParts, host: BackendHost) {
    this.origin = config.place.dispatcherUrl
    this.#config = config
    this.#parts = parts
    this.#host = host
    this.#illSince = config.now()
    this.#adopted = host.adopting()
    this.#run().catch((thrown: unknown) => this.#note(asError(thrown).message))
  }

  get limits(): BackendLimits {
    return this.#limits
  }

  check(spec: FunctionSpec): { refusal?: string; notes: string[] } {
    const refusal = refusalOf(spec)
    if (refusal !== undefined) return { refusal, notes: [] }
    const place = `kubernetes: ${specFor(spec, 'kubernetes').image} runs in the namespace ${this.#config.place.namespace}`
    return { notes: [[place, ...this.#kitNotes()].join('; ')] }
  }

  scale(demands: Demand[]): void {
    if (!this.#opened) return
    if (this.#role === 'following') this.#takeOver(this.#opened)
    if (this.#role === 'scaling') this.#opened.fleet.scale(demands)
    else this.#opened.fleet.follow(demands)
    const isDue = this.#config.now() - this.#nodesAt >= NODES_MS
    // Where there is no room nothing waits for long: it goes elsewhere, also when there is room again, unless somebody looks.
    const isWanted = demands.some(({ queued }) => queued > 0) || this.capacity().slots === 0
    if (isDue && isWanted) void this.#lookAtNodes(this.#opened)
  }

  capacity(): Capacity {
    const { maxWorkers } = this.#config
    const request = this.#opened?.fleet.request
    const most = this.#nodes && request ? Math.min(maxWorkers, slotsOn(this.#nodes, request)) : maxWorkers
    const ill = this.#illSince === undefined ? {} : { illSince: this.#illSince }
    return {
      ...(this.#opened?.fleet.capacity(most, this.#config.autoscaling) ?? {
        slots: most,
        bootSeconds: 0,
        starting: [],
      }),
      ...ill,
    }
  }

  follow(demands: Demand[]): void {
    this.#role = 'following'
    this.#opened?.fleet.follow(demands)
  }

  noteUp(worker: string): void {
    this.#opened?.fleet.noteUp(worker)
  }

  /** Where the cluster does not answer it has nothing to say about its nodes either. */
  async lossOf(worker: string): Promise<Loss | undefined> {
    return this.#illSince === undefined ? this.#opened?.fleet.lossOf(worker) : undefined
  }

  silent(worker: string): void {
    this.#opened?.fleet.silent(worker)
  }

  async workerFile(worker: string, release: Release): Promise<WorkerFile> {
    if (!this.#opened) throw new Error(`worker ${worker} starts before there is a cluster`)
    const { fleet, preparation } = this.#opened
    const { facts, kit } = await preparation.of(release)
    fleet.noteUp(worker)
    const { heartbeatSeconds, leaseSeconds } = this.#config
    return workerFile({ release, way: kit.way, heartbeatSeconds, leaseSeconds, ...(facts ? { facts } : {}) })
  }

  status() {
    const trouble = this.#trouble
    const nothing = { slots: this.#config.maxWorkers, workers: 0, pending: 0, messages: trouble ? [trouble] : [] }
    return {
      name: 'kubernetes' as const,
      public: false,
      healthy: trouble === undefined,
      calls: this.#opened?.cluster.calls ?? 0,
      ...(this.#opened?.fleet.figures(trouble) ?? nothing),
      notes: this.#notes(),
    }
  }

  /** Jobs that have no pod are not seen by who follows. */
  #takeOver({ cluster, fleet }: Opened): void {
    this.#role = 'taking-over'
    const end = (role: 'following' | 'scaling') => {
      if (this.#role === 'taking-over') this.#role = role
    }
    cluster.listJobs(this.#selector).then(
      (jobs) => {
        fleet.sightings.onJobs(jobs)
        end('scaling')
      },
      () => end('following'),
    )
  }

  /** Workers are left alone: they go on when the dispatcher is back, and end by themselves when it stays away. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#opened?.fleet.close()
    this.#opened?.images.close()
    this.#opened?.cluster.close()
    this.#adopted()
  }

  #notes(): string[] {
    const { namespace, instance } = this.#config.place
    const place = `workers are Jobs in the namespace ${namespace}, with the label spillway/instance=${instance}`
    return this.#opened ? [`Kubernetes ${this.#opened.serverVersion}; ${place}`, ...this.#kitNotes()] : [place]
  }

  #kitNotes(): string[] {
    if (!this.#opened) return []
    const { way, because } = this.#opened.kit
    return [`the runtime kit comes by ${WAYS[way]}, because ${because}`]
  }

  async #run(): Promise<void> {
    const opened = await this.#untilOpened()
    if (!opened) return
    this.#opened = opened
    const { cluster, fleet, jobs } = opened
    const { sightings } = fleet
    const onFirstList = () => {
      sightings.onJobs(jobs)
      this.#adopted()
    }
    let lists = 0
    await followPods({
      cluster,
      selector: this.#selector,
      signal: this.#closing.signal,
      onList: (pods) => {
        sightings.onList(pods)
        if (lists++ === 0) onFirstList()
        else void this.#lookAtNodes(opened)
      },
      onPod: sightings.onPod,
      onTrouble: (trouble) => this.#note(trouble),
    })
  }

  /** Undefined when it is closed before. */
  async #untilOpened(): Promise<Opened | undefined> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        return await this.#open()
      } catch (thrown) {
        this.#note(asError(thrown).message)
        await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  async #open(): Promise<Opened> {
    const cluster = await this.#parts.connect()
    const [serverVersion, nodes, jobs] = await Promise.all([
      cluster.serverVersion(),
      cluster.listNodes(),
      cluster.listJobs(this.#selector),
    ])
    this.#limit(nodes)
    const runtimes = nodes?.map(({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? '')
    const kit = chooseKitWay({ ...this.#config.kit, serverVersion, ...(runtimes ? { runtimes } : {}) })
    if ('missing' in kit) throw new Error(`backends.kubernetes lacks ${kit.missing}`)
    const { registry, kitImage } = this.#config.kit
    const { place, keepAliveMs, maxWorkers, imagePullTimeoutMs: troubleMs, now } = this.#config
    const images = await this.#parts.openImages()
    const preparation = new Preparation({
      images,
      way: kit.way,
      kitImages: this.#config.kitImages,
      signal: this.#closing.signal,
      now,
      onFault: (release, words) => this.#host.log('warn', `${release.function}: ${words}`),
      ...(registry ? { registry } : {}),
      ...(kitImage ? { kitImage } : {}),
    })
    const fleet = new Fleet({ cluster, host: this.#host, preparation, place, keepAliveMs, maxWorkers, troubleMs, now })
    return { cluster, fleet, images, preparation, serverVersion, kit, jobs }
  }

  /** Nodes come and go, and what was too large for all of them may fit now. */
  async #lookAtNodes({ cluster, fleet }: Pick<Opened, 'cluster' | 'fleet'>): Promise<void> {
    this.#nodesAt = this.#config.now()
    const nodes = await cluster.listNodes().catch(() => undefined)
    if (!nodes) return
    fleet.cordon(nodes.filter(({ spec }) => spec?.unschedulable).map(({ metadata }) => metadata.name))
    this.#limit(nodes)
  }

  #limit(nodes: Node[] | undefined): void {
    this.#nodesAt = this.#config.now()
    this.#nodes = this.#config.autoscaling || nodes?.length === 0 ? undefined : nodes
    this.#limits = limitsOf(this.#nodes)
  }

  #note(trouble: string | undefined): void {
    if (this.#closing.signal.aborted || trouble === this.#trouble) return
    this.#illSince = trouble === undefined ? undefined : (this.#illSince ?? this.#config.now())
    this.#trouble = trouble
    if (trouble === undefined) this.#host.log('info', 'kubernetes: the cluster answers')
    else this.#host.log('warn', `kubernetes: the cluster does not answer: ${trouble}`)
  }

  get #selector(): string {
    return selectorOf(this.#config.place.instance)
  }
}

const WAYS = {
  derived: 'derived images',
  'image-volume': 'an image volume',
  'init-container': 'an init container, which costs each worker a second or two',
} as const
