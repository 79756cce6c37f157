/** The local back-end: warm worker processes on the machine of the dispatcher. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../../../runtime/contract/errors.js'
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'
import type { WorkerFile } from '../../../runtime/contract/runtime-api.js'
import type { Release } from '../../database/database.js'
import { decodePackage } from '../../package-document.js'
import type { BackendHost, Demand, WorkerBackend } from '../backend.js'
import { sweep } from './left-overs.js'
import { plan, type Crew } from './plan.js'
import { unpack } from './unpack.js'
import { WorkerProcess } from './worker-process.js'

export interface LocalConfig {
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
  /** MB of memory of this machine. */
  memory: number
  /** PATH, HOME and the like, for scripts. */
  machine: Readonly<Record<string, string>>
  /** A function's secret by name; undefined when there is none. */
  secret(name: string): string | undefined
  now(): number
}

interface Crewman {
  release: Release
  process: WorkerProcess | undefined
  /** Epoch milliseconds since when it has had nothing to do; undefined while it works or starts. */
  idleSince: number | undefined
  stopping: boolean
}

/** Milliseconds that workers get at close to give back what they run: KILL_AFTER_SECONDS and a little. */
const CLOSE_MS = 8000

/** Milliseconds after a worker that died at once before the next of its release is started. */
const START_AGAIN_MS = 1000

export class LocalBackend implements WorkerBackend {
  readonly limits
  readonly #config: LocalConfig
  readonly #host: BackendHost
  readonly #crew = new Map<string, Crewman>()
  readonly #notBefore = new Map<string, number>()
  #closed = false

  constructor(config: LocalConfig, host: BackendHost) {
    this.#config = config
    this.#host = host
    this.limits = { name: 'local' as const, public: false, memoryMax: config.memory }
    const alive = sweep(this.#workers())
    if (alive > 0) host.log('info', `${alive} worker(s) of an earlier dispatcher are still at work; they may finish`)
  }

  check(spec: FunctionSpec): { refusal?: string; notes: string[] } {
    const own = specFor(spec, 'local')
    const missing = own.secrets.filter(({ from }) => this.#config.secret(from) === undefined).map(({ from }) => from)
    const notes = missing.map(
      (from) => `local: secret ${from} is not set; start the dispatcher with SPILLWAY_SECRET_${from}`,
    )
    if (!own.image) return { notes }
    if (!own.script && !own.command)
      return {
        refusal: `image ${own.image} would have to run in a container, which the local back-end of this version cannot do; add a script`,
        notes,
      }
    return {
      notes: [
        ...notes,
        `local: image ${own.image} is not used, the script runs on this machine with what is installed here`,
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

  status() {
    return {
      name: 'local' as const,
      public: false,
      healthy: true,
      slots: this.#config.slots,
      workers: this.#crew.size,
      notes: [],
    }
  }

  async close(): Promise<void> {
    this.#closed = true
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
    return demands.map(({ release, queued, running, idle }) => {
      const key = keyOf(release)
      const mine = [...this.#crew.values()].filter((worker) => keyOf(worker.release) === key)
      const resting = (this.#notBefore.get(key) ?? 0) > this.#config.now()
      return {
        key,
        queued: resting ? 0 : queued,
        running,
        concurrency: release.spec.concurrency ?? Number.POSITIVE_INFINITY,
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
    worker.process?.stop()
  }

  #start(release: Release): void {
    const id = randomUUID()
    const worker: Crewman = { release, process: undefined, idleSince: undefined, stopping: false }
    this.#crew.set(id, worker)
    this.#launch(id, worker).catch((thrown: unknown) => this.#ended(id, asError(thrown).message))
  }

  async #launch(id: string, worker: Crewman): Promise<void> {
    const { release } = worker
    const filesDir = await unpack(
      decodePackage(await this.#host.packageOf(release)),
      release.packageDigest,
      join(this.#config.directory, 'releases'),
    )
    if (this.#closed) return this.#ended(id, 'the dispatcher is closing')
    const startedAt = this.#config.now()
    worker.process = new WorkerProcess({
      id,
      directory: join(this.#workers(), id),
      supervisor: this.#config.supervisor,
      runtimeApi: this.#config.runtimeApi(),
      token: this.#host.admit(id, release),
      file: this.#workerFile(release, filesDir),
      machine: this.#config.machine,
      onEnd: (why) => this.#ended(id, why, startedAt),
    })
  }

  #workerFile(release: Release, filesDir: string): WorkerFile {
    const spec = specFor(release.spec, 'local')
    const secrets = spec.secrets.map(({ env, from }) => [env, this.#config.secret(from) ?? ''])
    return {
      function: release.function,
      release: release.number,
      backend: 'local',
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

  #workers(): string {
    return join(this.#config.directory, 'workers')
  }
}

const keyOf = (release: Release) => `${release.function} ${release.number}`
