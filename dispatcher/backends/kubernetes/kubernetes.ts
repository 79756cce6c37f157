/** The Kubernetes back-end: its workers are Jobs, whose pods run the functions' images with our supervisor in them. */
import { asError } from '../../../runtime/contract/errors.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { WorkerFile } from '../../../runtime/contract/runtime-api.js'
import type { BackendHost, BackendLimits, Capacity, Demand, Loss, WorkerBackend } from '../backend.js'
import { refusalOf } from './check.js'
import { followPods } from './cluster/follow-pods.js'
import type { KubernetesConfig, KubernetesParts } from './kubernetes-config.js'
import { limitsOf } from './limits.js'
import { selectorOf } from './names.js'
import { openCluster, type OpenedCluster } from './open-cluster.js'
import { sharedVcpu } from './room/shared-vcpu.js'
import { workerFile } from './pod/worker-file.js'

export class KubernetesBackend implements WorkerBackend {
  readonly origin: string
  readonly #config: KubernetesConfig
  readonly #parts: KubernetesParts
  readonly #host: BackendHost
  readonly #closing = new AbortController()
  readonly #adopted: () => void
  #opened: OpenedCluster | undefined
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
    return this.#opened?.surroundings.limits ?? limitsOf(undefined)
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
    this.#lookAround(this.#opened, demands)
  }

  follow(demands: Demand[]): void {
    this.#role = 'following'
    if (!this.#opened) return
    this.#opened.fleet.follow(demands)
    this.#lookAround(this.#opened, demands)
  }

  capacity(): Capacity {
    const { maxWorkers: most, autoscaling: grows } = this.#config
    const ill = this.#illSince === undefined ? {} : { illSince: this.#illSince }
    if (!this.#opened) return { slots: most, bootSeconds: 0, starting: [], ...ill }
    const { fleet, surroundings } = this.#opened
    const { room, seesOthers } = surroundings
    if (!room) return { ...fleet.capacity({ most, grows, seesOthers }), ...ill }
    const inSight = { most: room.slots(fleet.demands, most), grows, seesOthers }
    const capacity = fleet.capacity(inSight)
    const whole = room.vcpu(fleet.busy())
    const facts = { most: inSight.most, slots: capacity.slots, placed: fleet.placed(), demands: fleet.demands }
    return {
      ...capacity,
      slotsFor: (spec) => room.slotsFor(spec),
      ...(whole ? { vcpu: sharedVcpu({ room: whole, ...facts }) } : {}),
      ...ill,
    }
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
    const nothing = { workers: 0, pending: 0, messages: trouble ? [trouble] : [] }
    return {
      name: 'kubernetes' as const,
      public: false,
      healthy: trouble === undefined,
      slots: this.capacity().slots,
      calls: this.#opened?.cluster.calls ?? 0,
      ...(this.#opened?.fleet.figures(trouble) ?? nothing),
      notes: this.#notes(),
    }
  }

  /** Jobs that have no pod are not seen by who follows. */
  #takeOver({ cluster, fleet }: OpenedCluster): void {
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
    if (!this.#opened) return [place]
    const { serverVersion, surroundings } = this.#opened
    return [`Kubernetes ${serverVersion}; ${place}`, ...this.#kitNotes(), ...surroundings.notes()]
  }

  #kitNotes(): string[] {
    if (!this.#opened) return []
    const { way, because } = this.#opened.kit
    return [`the runtime kit comes by ${WAYS[way]}, because ${because}`]
  }

  async #run(): Promise<void> {
    const opened = await openCluster({
      config: this.#config,
      parts: this.#parts,
      host: this.#host,
      signal: this.#closing.signal,
      onTrouble: (trouble) => this.#note(trouble),
    })
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
        else this.#look(opened)
      },
      onPod: sightings.onPod,
      onTrouble: (trouble) => this.#note(trouble),
    })
  }

  /** Where there is no room nothing waits for long: it goes elsewhere, also when there is room again, unless somebody looks. */
  #lookAround(opened: OpenedCluster, demands: readonly Demand[]): void {
    const isPressing = demands.some(({ queued }) => queued > 0) || this.capacity().slots === 0
    if (opened.surroundings.isDue(isPressing)) this.#look(opened)
  }

  #look({ fleet, surroundings }: OpenedCluster): void {
    surroundings.look().then(
      () => fleet.cordon(surroundings.cordoned),
      () => undefined,
    )
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
