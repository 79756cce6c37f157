/**
 * The local back-end: warm workers on the machine of the dispatcher, as processes or in containers. With the limits of
 * a public back-end it plays that one, so that work can be watched going over without an account anywhere.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../../../runtime/contract/errors.js'
import { specFor, type FunctionSpec, type OnThisMachine } from '../../../runtime/contract/function-spec.js'
import { failed } from '../../../runtime/contract/outcome.js'
import type { WorkerFile } from '../../../runtime/contract/runtime-api.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { BackendHost, BackendLimits, Demand, WorkerBackend } from '../backend.js'
import { plan, type Crew } from '../plan.js'
import { Containers } from './containers/containers.js'
import type { ContainerEngine } from './containers/engine.js'
import { ImageFault } from './containers/images.js'
import { sweep } from './left-overs.js'
import { unpack } from './unpack.js'
import { WorkerProcess } from './worker-process.js'
import type { Worker } from './worker.js'

export interface LocalConfig {
  limits: BackendLimits & { name: OnThisMachine }
  /** Attempts at once. */
  slots: number
  keepAliveMs: number
  /** Absolute path; workers and unpacked releases live below it. */
  directory: string
  /** Path of the bundled supervisor. */
  supervisor: string
  /** `host:port` of the Runtime API. */
  runtimeApi(): string
  heartbeatSeconds: number
  leaseSeconds: number
  /** PATH, HOME and the like, for scripts. */
  machine: Readonly<Record<string, string>>
  /** A function's secret by name; undefined when there is none. */
  secret(name: string): string | undefined
  /** Runs the images of functions; undefined: scripts run on the machine itself. */
  engine: ContainerEngine | undefined
  /** Further options of the engine's `run`. */
  containerOptions: readonly string[]
  now(): number
}

interface Crewman {
  release: Release
  process: Worker | undefined
  /** Epoch milliseconds since when it has had nothing to do; undefined while it works or starts. */
  idleSince: number | undefined
  stopping: boolean
}

/** Milliseconds that workers get at close to give back what they run: KILL_AFTER_SECONDS and a little. */
const CLOSE_MS = 8000

/** Milliseconds after a worker that died at once before the next of its release is started. */
const START_AGAIN_MS = 1000

export class LocalBackend implements WorkerBackend {
  readonly limits: LocalConfig['limits']
  readonly #config: LocalConfig
  readonly #host: BackendHost
  readonly #crew = new Map<string, Crewman>()
  readonly #notBefore = new Map<string, number>()
  readonly #containers: Containers | undefined
  #closed = false

  constructor(config: LocalConfig, host: BackendHost) {
    this.#config = config
    this.#host = host
    this.limits = config.limits
    const { engine, containerOptions: options } = config
    this.#containers = engine && new Containers({ ...config, engine, options })
    this.#sweep()
  }

  check(spec: FunctionSpec): { refusal?: string; notes: string[] } {
    const { name } = this.limits
    const own = specFor(spec, name)
    const missing = own.secrets.filter(({ from }) => this.#config.secret(from) === undefined).map(({ from }) => from)
    const notes = missing.map(
      (from) => `${name}: secret ${from} is not set; start the dispatcher with SPILLWAY_SECRET_${from}`,
    )
    if (!own.image) return { notes }
    if (this.#containers)
      return { notes: [...notes, `${name}: image ${own.image} runs with ${this.#containers.engineName}`] }
    if (!own.script && !own.command)
      return {
        refusal: `image ${own.image} would have to run in a container, which takes docker or podman, and none is in use: one of them must answer when the dispatcher starts; or add a script`,
        notes,
      }
    return {
      notes: [
        ...notes,
        `${name}: image ${own.image} is not used, the script runs on this machine with what is installed here; docker or podman would run the image, if one answered when the dispatcher starts`,
      ],
    }
  }

  scale(demands: Demand[]): void {
    if (this.#closed) return
    this.#noteIdle(demands)
    this.#stopUnwanted(demands)
    const { start, stop } = plan(this.#crews(demands), this.#config.slots)
    for (const worker of stop) this.#stop(worker)
    for (const key of start) this.#start(demands.find(({ release }) => keyOf(release) === key)!.release)
    this.#stopExpired()
  }

  capacity = () => ({ slots: this.#config.slots, bootSeconds: 0, starting: [] })

  status() {
    return {
      name: this.limits.name,
      public: this.limits.public,
      healthy: true,
      slots: this.#config.slots,
      workers: this.#crew.size,
      notes: [
        this.#containers ? `images run with ${this.#containers.engineName}` : 'images are not used',
        ...(this.limits.public ? ['this machine stands for AWS Lambda: costs are what Lambda would take'] : []),
      ],
    }
  }

  /** A worker that stands still holds a slot and a script; its process goes, and so do both. */
  silent(worker: string): void {
    this.#crew.get(worker)?.process?.kill()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#containers?.close()
    const processes = [...this.#crew.values()].flatMap(({ process }) => process ?? [])
    for (const process of processes) process.stop()
    const ended = Promise.all(processes.map((process) => process.ended))
    const late = new AbortController()
    await Promise.race([ended, delay(CLOSE_MS, undefined, { signal: late.signal }).catch(() => undefined)])
    late.abort()
    for (const process of processes) process.kill()
    await ended
  }

  #crews(demands: Demand[]): Crew[] {
    return demands.map(({ release, queued, running, concurrency, idle }) => {
      const key = keyOf(release)
      const mine = [...this.#crew.values()].filter((worker) => keyOf(worker.release) === key)
      const resting = (this.#notBefore.get(key) ?? 0) > this.#config.now()
      return {
        key,
        queued: resting ? 0 : queued,
        // What runs on other machines, or on workers of an earlier life, needs none here.
        running: Math.min(running, mine.length),
        concurrency,
        workers: mine.length,
        idle: idle.filter((worker) => this.#crew.get(worker)?.stopping === false),
      }
    })
  }

  #noteIdle(demands: Demand[]): void {
    const idle = new Set(demands.flatMap((demand) => demand.idle))
    for (const [id, worker] of this.#crew)
      worker.idleSince = idle.has(id) ? (worker.idleSince ?? this.#config.now()) : undefined
  }

  /** Workers of releases that are neither current nor have work. */
  #stopUnwanted(demands: Demand[]): void {
    const wanted = new Set(demands.map(({ release }) => keyOf(release)))
    for (const [id, { release, stopping }] of this.#crew) if (!stopping && !wanted.has(keyOf(release))) this.#stop(id)
  }

  #stopExpired(): void {
    for (const [id, { idleSince, stopping }] of this.#crew)
      if (!stopping && idleSince !== undefined && this.#config.now() - idleSince >= this.#config.keepAliveMs)
        this.#stop(id)
  }

  #stop(id: string): void {
    const worker = this.#crew.get(id)
    if (!worker) return
    worker.stopping = true
    // Before the signal reaches it, it might be handed an attempt that it does not hear of.
    this.#host.dismiss(id, worker.release)
    worker.process?.stop()
  }

  #start(release: Release): void {
    const id = randomUUID()
    const worker: Crewman = { release, process: undefined, idleSince: undefined, stopping: false }
    this.#crew.set(id, worker)
    this.#launch(id, worker).catch((thrown: unknown) => {
      const { message } = asError(thrown)
      if (thrown instanceof ImageFault) this.#blame(release, message)
      this.#ended(id, message)
    })
  }

  /** Work that waits for an image that cannot run would wait for ever and never say why. */
  #blame(release: Release, message: string): void {
    if (!this.#closed) this.#host.failNext(release, failed({ cause: 'image', message }))
  }

  async #launch(id: string, worker: Crewman): Promise<void> {
    const { release } = worker
    const filesDir = await unpack(
      await this.#host.packageOf(release),
      release.packageDigest,
      join(this.#config.directory, 'releases'),
    )
    const spec = specFor(release.spec, this.limits.name)
    const container = spec.image ? await this.#containers?.prepare(spec) : undefined
    if (this.#closed || worker.stopping) return this.#ended(id, 'it is not wanted any more')
    const startedAt = this.#config.now()
    const common = {
      id,
      directory: join(this.#workers(), id),
      runtimeApi: this.#config.runtimeApi(),
      token: this.#host.admit(id, release, { sharesDisk: container === undefined }),
      file: this.#workerFile(release, filesDir),
      onEnd: (why: string, fault?: string) => {
        if (fault !== undefined) this.#blame(release, `the image ${spec.image} could not be started: ${fault}`)
        this.#ended(id, why, startedAt)
      },
    }
    worker.process =
      container && this.#containers
        ? this.#containers.start({ ...common, filesDir, spec }, container)
        : new WorkerProcess({ ...common, supervisor: this.#config.supervisor, machine: this.#config.machine })
  }

  #workerFile(release: Release, filesDir: string): WorkerFile {
    const spec = specFor(release.spec, this.limits.name)
    const secrets = spec.secrets.map(({ env, from }) => [env, this.#config.secret(from) ?? ''])
    return {
      function: release.function,
      release: release.number,
      backend: this.limits.name,
      run: spec.script
        ? { kind: 'script', path: join(filesDir, spec.script) }
        : { kind: 'command', command: spec.command ?? [] },
      environment: { ...spec.environment, ...Object.fromEntries(secrets) },
      filesDir,
      fresh: spec.isolation === 'fresh',
      heartbeatSeconds: this.#config.heartbeatSeconds,
      leaseSeconds: this.#config.leaseSeconds,
    }
  }

  #ended(id: string, why: string, startedAt?: number): void {
    const worker = this.#crew.get(id)
    if (!worker) return
    this.#crew.delete(id)
    const now = this.#config.now()
    if (
      !worker.stopping &&
      (startedAt === undefined || now - startedAt < START_AGAIN_MS) &&
      !why.endsWith('exit code 0')
    ) {
      this.#notBefore.set(keyOf(worker.release), now + START_AGAIN_MS)
      this.#host.log('warn', `a worker of ${worker.release.function} ended at once: ${why}`)
    }
    this.#host.onWorkerEnd(id, why)
  }

  #sweep(): void {
    const { alive, dead } = sweep(this.#workers())
    for (const worker of dead) this.#host.onWorkerEnd(worker, 'the worker ended while no dispatcher was there')
    if (alive.length > 0)
      this.#host.log('info', `${alive.length} worker(s) of an earlier dispatcher are still at work; they may finish`)
    this.#containers
      ?.sweep((worker) => alive.includes(worker) || this.#crew.has(worker))
      .catch((thrown: unknown) => this.#host.log('warn', `left-over containers: ${asError(thrown).message}`))
  }

  #workers(): string {
    return join(this.#config.directory, 'workers')
  }
}

const keyOf = (release: Release) => `${release.function} ${release.number}`
