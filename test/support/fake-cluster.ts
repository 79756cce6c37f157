/** A cluster that runs nothing: it keeps what it is told, and the test says what becomes of pods. */
import type { V1Job, V1Secret } from '@kubernetes/client-node'
import {
  ClusterUnreachable,
  type Cluster,
  type PodWatch,
} from '../../dispatcher/backends/kubernetes/cluster/cluster.js'
import type {
  ClusterEvent,
  Job,
  Lease,
  Metadata,
  Node,
  Pod,
  PodStatus,
} from '../../dispatcher/backends/kubernetes/cluster/objects.js'

export class FakeCluster implements Cluster {
  calls = 0
  version = 'v1.34.4'
  nodes: Node[] | undefined = []
  /** Of nodes, by name. */
  readonly leases = new Map<string, Lease>()
  /** Pods of others; undefined: they may not be looked at. */
  others: Pod[] | undefined = []
  readonly jobs = new Map<string, V1Job>()
  readonly secrets: V1Secret[] = []
  readonly pods = new Map<string, Pod>()
  readonly events = new Map<string, ClusterEvent[]>()
  /** Thrown by the next calls of that name. */
  readonly faults = new Map<string, Error>()
  readonly #lostAnswers = new Map<string, Error>()
  /** Hears of every call before it is answered. */
  onCall: ((call: string) => void) | undefined
  /** False: Jobs get no pod, as when a quota is full. */
  makesPods = true
  #watches = new Set<{ watch: PodWatch; end: (error?: Error) => void }>()
  #uids = 0

  serverVersion = (): Promise<string> => this.#answer('serverVersion', () => this.version)
  listNodes = (): Promise<Node[] | undefined> => this.#answer('listNodes', () => this.nodes)
  leaseOf = (node: string): Promise<Lease | undefined> => this.#answer('leaseOf', () => this.leases.get(node))
  listOtherPods = (): Promise<Pod[] | undefined> => this.#answer('listOtherPods', () => this.others)
  listPods = () => this.#answer('listPods', () => ({ pods: [...this.pods.values()], version: String(this.calls) }))
  listJobs = (): Promise<Job[]> =>
    this.#answer('listJobs', () => [...this.jobs.values()].map(({ metadata }) => ({ metadata: metadata as Metadata })))

  createJob = (job: V1Job): Promise<Metadata> =>
    this.#answer('createJob', () => {
      const uid = `uid-${++this.#uids}`
      const metadata = { ...(job.metadata as Metadata), uid }
      this.jobs.set(metadata.name, { ...job, metadata } as V1Job)
      if (this.makesPods) this.#makePod(metadata.name, job)
      return metadata
    })

  createSecret = (secret: V1Secret): Promise<void> => this.#answer('createSecret', () => void this.secrets.push(secret))

  deleteJob = (name: string): Promise<void> =>
    this.#answer('deleteJob', () => {
      this.jobs.delete(name)
      this.vanish(name)
    })

  eventsOf = (kind: 'Job' | 'Pod', name: string): Promise<ClusterEvent[]> =>
    this.#answer('eventsOf', () => this.events.get(`${kind} ${name}`) ?? [])

  watchPods(watch: PodWatch): Promise<void> {
    this.calls++
    return new Promise((resolve, reject) => {
      const entry = {
        watch,
        end: (error?: Error) => {
          this.#watches.delete(entry)
          if (error) reject(error)
          else resolve()
        },
      }
      this.#watches.add(entry)
      watch.signal.addEventListener('abort', () => entry.end(new ClusterUnreachable('aborted')))
    })
  }

  close(): void {}

  /** Calls of that name are obeyed from now on, but their callers hear of an error. */
  loseAnswers(call: string, error: Error): void {
    this.#lostAnswers.set(call, error)
  }

  /** Every watch ends, as the server does from time to time; or breaks. */
  endWatches(error?: Error): void {
    for (const { end } of this.#watches) end(error)
  }

  get watches(): number {
    return this.#watches.size
  }

  /** The pod of a Job is as told from now on. */
  become(job: string, status: PodStatus): void {
    const pod = { ...this.pods.get(job)!, status }
    this.pods.set(job, pod)
    this.#tell('MODIFIED', pod)
  }

  /** A node has the pod of that Job. */
  place(job: string, nodeName: string): void {
    const before = this.pods.get(job)!
    const pod = { ...before, spec: { ...before.spec, nodeName } }
    this.pods.set(job, pod)
    this.#tell('MODIFIED', pod)
  }

  run(job: string): void {
    this.become(job, { phase: 'Running', containerStatuses: [{ name: 'worker', state: { running: {} } }] })
  }

  end(job: string, exitCode = 0, more: { reason?: string; message?: string } = {}): void {
    const state = { terminated: { exitCode, ...more } }
    this.become(job, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses: [{ name: 'worker', state }] })
  }

  /** The pod is gone without having ended. */
  vanish(job: string): void {
    const pod = this.pods.get(job)
    this.pods.delete(job)
    if (pod) this.#tell('DELETED', pod)
  }

  #makePod(job: string, { spec }: V1Job): void {
    const { labels, annotations } = spec?.template.metadata ?? {}
    const metadata: Metadata = {
      name: `${job}-abcde`,
      uid: `uid-${++this.#uids}`,
      labels: { ...labels, 'batch.kubernetes.io/job-name': job },
      ...(annotations ? { annotations } : {}),
    }
    const pod = { metadata, status: { phase: 'Pending' } }
    this.pods.set(job, pod)
    this.#tell('ADDED', pod)
  }

  #tell(change: 'ADDED' | 'MODIFIED' | 'DELETED', pod: Pod): void {
    for (const { watch } of this.#watches) watch.onPod(change, pod)
  }

  async #answer<T>(call: string, answer: () => T): Promise<T> {
    this.calls++
    this.onCall?.(call)
    const fault = this.faults.get(call)
    if (fault) throw fault
    const answered = answer()
    const loss = this.#lostAnswers.get(call)
    if (loss) throw loss
    return answered
  }
}
