/** The cluster itself, by its HTTP API: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import type { V1Job, V1Secret } from '@kubernetes/client-node'
import { asError } from '../../../../runtime/contract/errors.js'
import { ClusterRefusal, ClusterUnreachable, type Cluster, type PodList, type PodWatch } from './cluster.js'
import { textOf, type ClusterRequest, type Connection } from './connection.js'
import { linesOf } from './lines.js'
import type { ClusterEvent, Job, Lease, Metadata, Node, Pod } from './objects.js'

/** Milliseconds in which an ordinary call must be answered. */
const CALL_MS = 30_000

/** Seconds after which the server ends a watch. */
const WATCH_SECONDS = 290

/** Milliseconds of silence after which a watch counts as dead: bookmarks come about once a minute, and it ends by itself. */
const WATCH_SILENCE_MS = (WATCH_SECONDS + 20) * 1000

/** Objects of one page of a list. */
const PAGE = 500

/** The server answers a list out of its memory, and leaves its database alone: some seconds old will do. */
const FROM_MEMORY = { resourceVersion: '0' }

const CORE = '/api/v1'
const BATCH = '/apis/batch/v1'
const NODE_LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'

/** Of what may be done without: not allowed, or not there. */
const WITHOUT = [401, 403, 404]

interface List<T> {
  metadata: { resourceVersion: string; continue?: string }
  items: T[]
}

export class ApiServer implements Cluster {
  readonly #connection: Connection
  readonly #namespace: string

  constructor(connection: Connection, namespace: string) {
    this.#connection = connection
    this.#namespace = namespace
  }

  get calls(): number {
    return this.#connection.calls
  }

  async serverVersion(): Promise<string> {
    return (await this.#call<{ gitVersion: string }>({ method: 'GET', path: '/version' })).gitVersion
  }

  async createJob(job: V1Job): Promise<Metadata> {
    const path = this.#path(BATCH, 'jobs')
    return (await this.#call<{ metadata: Metadata }>({ method: 'POST', path, body: job })).metadata
  }

  async createSecret(secret: V1Secret): Promise<void> {
    await this.#call({ method: 'POST', path: this.#path(CORE, 'secrets'), body: secret })
  }

  async deleteJob(name: string): Promise<void> {
    // Without a name the path is that of all Jobs of the namespace.
    if (name === '') throw new TypeError('a Job is to be deleted that has no name')
    const path = `${this.#path(BATCH, 'jobs')}/${name}`
    try {
      await this.#call({ method: 'DELETE', path, body: { propagationPolicy: 'Background' } })
    } catch (thrown) {
      if (!(thrown instanceof ClusterRefusal && thrown.status === 404)) throw thrown
    }
  }

  async listJobs(selector: string): Promise<Job[]> {
    return (await this.#list<Job>(this.#path(BATCH, 'jobs'), { labelSelector: selector })).items
  }

  async listPods(selector: string): Promise<PodList> {
    const { items, metadata } = await this.#list<Pod>(this.#path(CORE, 'pods'), { labelSelector: selector })
    return { pods: items, version: metadata.resourceVersion }
  }

  async watchPods({ selector, version, signal, onPod }: PodWatch): Promise<void> {
    const query = new URLSearchParams({
      watch: 'true',
      labelSelector: selector,
      resourceVersion: version,
      timeoutSeconds: String(WATCH_SECONDS),
      allowWatchBookmarks: 'true',
    })
    const path = `${this.#path(CORE, 'pods')}?${query}`
    const answer = await this.#connection.open({ method: 'GET', path, signal, silenceMs: WATCH_SILENCE_MS })
    if (answer.statusCode !== 200) throw refusal(answer.statusCode ?? 0, await textOf(answer))
    try {
      for await (const line of linesOf(answer)) handle(JSON.parse(line) as WatchEvent, onPod)
    } catch (thrown) {
      if (signal.aborted || thrown instanceof ClusterRefusal) throw thrown
      throw new ClusterUnreachable(asError(thrown).message, { cause: thrown })
    }
  }

  async eventsOf(kind: 'Job' | 'Pod', name: string): Promise<ClusterEvent[]> {
    const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`
    return (await this.#list<ClusterEvent>(this.#path(CORE, 'events'), { fieldSelector })).items
  }

  listNodes(): Promise<Node[] | undefined> {
    return unlessMissing(this.#items<Node>(`${CORE}/nodes`))
  }

  listOtherPods(exclusion: string): Promise<Pod[] | undefined> {
    const placed = 'spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed'
    const selectors = { labelSelector: exclusion, fieldSelector: placed }
    return unlessMissing(this.#items<Pod>(`${CORE}/pods`, selectors, FROM_MEMORY))
  }

  leaseOf(node: string, signal: AbortSignal): Promise<Lease | undefined> {
    return unlessMissing(this.#call<Lease>({ method: 'GET', path: `${NODE_LEASES}/${node}`, signal }))
  }

  close(): void {
    this.#connection.close()
  }

  async #items<T>(path: string, selectors: Record<string, string> = {}, first: Record<string, string> = {}) {
    return (await this.#list<T>(path, selectors, first)).items
  }

  /** All pages of it; `first` is said for the first one alone. */
  async #list<T>(
    path: string,
    selectors: Record<string, string>,
    first: Record<string, string> = {},
  ): Promise<List<T>> {
    const items: T[] = []
    let from: string | undefined
    for (;;) {
      const query = new URLSearchParams({ ...selectors, limit: String(PAGE), ...(from ? { continue: from } : first) })
      const page = await this.#call<List<T>>({ method: 'GET', path: `${path}?${query}` })
      items.push(...page.items)
      from = page.metadata.continue
      if (!from) return { ...page, items }
    }
  }

  #path(group: string, kind: string): string {
    return `${group}/namespaces/${this.#namespace}/${kind}`
  }

  async #call<T>(request: Omit<ClusterRequest, 'silenceMs'>): Promise<T> {
    const answer = await this.#connection.open({ ...request, silenceMs: CALL_MS })
    const text = await textOf(answer)
    const status = answer.statusCode ?? 0
    if (status < 200 || status > 299) throw refusal(status, text)
    return JSON.parse(text) as T
  }
}

/** Undefined for what may be done without. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (thrown) {
    if (thrown instanceof ClusterRefusal && WITHOUT.includes(thrown.status)) return undefined
    throw thrown
  }
}

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: Pod | Status
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  code?: number
  reason?: string
  message?: string
}

function handle({ type, object }: WatchEvent, onPod: PodWatch['onPod']): void {
  if (type === 'ERROR') {
    const { code = 500, reason = 'Unknown', message = 'the watch ended with an error' } = object as Status
    throw new ClusterRefusal(code, reason, message)
  }
  if (type !== 'BOOKMARK') onPod(type, object as Pod)
}

/** Too much to do, and faults of its own, are over some time. */
function refusal(status: number, text: string): ClusterRefusal | ClusterUnreachable {
  const { reason = '', message = text.slice(0, 300) } = parseStatus(text)
  if (status >= 500 || status === 429) return new ClusterUnreachable(`the API server answers ${status}: ${message}`)
  return new ClusterRefusal(status, reason, message)
}

function parseStatus(text: string): Status {
  try {
    return Object(JSON.parse(text)) as Status
  } catch {
    return {}
  }
}
