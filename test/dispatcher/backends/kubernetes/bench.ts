/** The back-end over a cluster that runs nothing, with a clock of the test's own. */
import type { Demand } from '../../../../dispatcher/backends/backend.js'
import { KubernetesBackend } from '../../../../dispatcher/backends/kubernetes/kubernetes.js'
import type { KubernetesConfig } from '../../../../dispatcher/backends/kubernetes/kubernetes-config.js'
import type { ImageFacts } from '../../../../dispatcher/images/image-facts.js'
import type { Images } from '../../../../dispatcher/images/images.js'
import type { Release } from '../../../../runtime/contract/release.js'
import { eventually } from '../../../support/eventually.js'
import { FakeCluster } from '../../../support/fake-cluster.js'
import { RecordingHost } from '../../../support/recording-host.js'
import { releaseOf } from './spec.js'

const FACTS: ImageFacts = {
  reference: 'r.example.org/work@sha256:1',
  id: 'sha256:2',
  architecture: 'x86_64',
  entrypoint: [],
  command: ['run'],
  program: ['run'],
  workingDirectory: '/work',
  user: '',
  environment: {},
}

/** A node of that size holds two workers. */
export const SMALL = { cpu: '1300m', memory: '64Gi' }

const scheduled = { type: 'PodScheduled', status: 'True' }
export const unscheduled = (message: string) => ({
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
})
export const pulling = (reason: string, message: string) => ({
  phase: 'Pending',
  conditions: [scheduled],
  containerStatuses: [{ name: 'worker', state: { waiting: { reason, message } } }],
})

export class Bench {
  readonly host = new RecordingHost()
  now = 1_000_000
  imageFault: Error | undefined
  derived = 0
  readonly release = releaseOf()
  readonly backend: KubernetesBackend

  constructor(
    config: Partial<KubernetesConfig> = {},
    before: (cluster: FakeCluster) => void = () => undefined,
    readonly cluster = new FakeCluster(),
  ) {
    before(this.cluster)
    this.backend = new KubernetesBackend(
      {
        place: { namespace: 'plants', instance: 'abc', dispatcherUrl: 'http://d:7700', imagePullSecrets: [] },
        keepAliveMs: 60_000,
        maxWorkers: 10,
        imagePullTimeoutMs: 120_000,
        autoscaling: false,
        kit: { wanted: 'auto', registry: 'r.example.org/spillway' },
        kitImages: {},
        heartbeatSeconds: 10,
        leaseSeconds: 30,
        now: () => this.now,
        ...config,
      },
      { connect: () => Promise.resolve(this.cluster), openImages: () => Promise.resolve(this.#images()) },
      this.host,
    )
  }

  async ready(watches = 1): Promise<this> {
    await eventually(() => this.cluster.watches === watches)
    return this
  }

  follow(more: Partial<Demand> = {}): void {
    this.backend.follow([{ release: this.release, queued: 0, running: 0, concurrency: Infinity, idle: [], ...more }])
  }

  scale(more: Partial<Demand> = {}, ...others: Partial<Demand>[]): void {
    const base = { release: this.release, queued: 0, running: 0, concurrency: Infinity, idle: [] }
    this.backend.scale([more, ...others].map((demand) => ({ ...base, ...demand })))
  }

  async jobs(count: number): Promise<string[]> {
    await eventually(() => this.cluster.jobs.size === count && this.cluster.secrets.length >= count, {
      what: `${count} Jobs`,
      timeoutMs: 2000,
    })
    return [...this.cluster.jobs.keys()]
  }

  /** So many workers of a release, all of them up. */
  async up(count: number, release: Release = this.release): Promise<string[]> {
    const before = new Set(this.cluster.jobs.keys())
    this.scale({ release, queued: count })
    const all = await this.jobs(before.size + count)
    const own = all.filter((job) => !before.has(job))
    for (const job of own) {
      this.cluster.run(job)
      await this.backend.workerFile(this.workerOf(job), release)
    }
    return own
  }

  workerOf(job: string): string {
    return this.cluster.jobs.get(job)!.metadata!.labels!['spillway/worker']!
  }

  get messages(): string[] {
    return this.backend.status().messages
  }

  #images(): Images {
    return {
      deriveImage: ({ repository }: { repository: string }) => {
        this.derived++
        if (this.imageFault) return Promise.reject(this.imageFault)
        return Promise.resolve({ reference: `${repository}@sha256:3`, tag: 't', facts: FACTS, pushed: true })
      },
      readImageFacts: () => (this.imageFault ? Promise.reject(this.imageFault) : Promise.resolve(FACTS)),
      kitCommand: () => Promise.resolve(['/opt/spillway/bin/node', '/opt/spillway/supervisor.cjs']),
      close: () => undefined,
    } as unknown as Images
  }
}

/** Call inside `describe`: makes back-ends that are closed after each test. */
export function benches() {
  const open: Bench[] = []
  afterEach(async () => {
    for (const { backend } of open.splice(0)) await backend.close()
  })
  return {
    /** Closed with the others. */
    closing: (bench: Bench): Bench => {
      open.push(bench)
      return bench
    },
    /** Has found its cluster. */
    ready: (...parts: ConstructorParameters<typeof Bench>): Promise<Bench> => {
      const made = new Bench(...parts)
      open.push(made)
      return made.ready()
    },
  }
}
