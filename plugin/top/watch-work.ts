/**
 * Looks at the dispatcher again and again. A look costs about the same however much waits: two pages of summaries, and
 * the record of what has news.
 */
import type {
  AttemptRecord,
  BackendStatus,
  InvocationRecord,
  InvocationSummary,
} from '../../runtime/contract/dispatcher-api.js'
import { isEnded } from '../../runtime/contract/invocation.js'
import type { DispatcherClient } from '../dispatcher-client.js'
import type { BackendView, Sample, View, WorkView } from './view.js'
import { workView } from './work-view.js'

/** Newest invocations, and running ones, of a function that a look takes in. */
const PAGE = 200
/** Records that one look reads; the others wait for the next. */
const RECORDS_MAX = 60
/** Lines of news that are kept. */
const NEWS_MAX = 200
/** Samples that are kept; the oldest go. */
const SAMPLES_MAX = 600

export interface Watching {
  client: Pick<DispatcherClient, 'functions' | 'backends' | 'invocations' | 'invocation'>
  /** Full names of functions. */
  names: readonly string[]
  now(): number
}

interface Known {
  standing: string
  ended: boolean
  /** Ended attempts that are in the tallies. */
  counted: number
}

type Tally = Pick<BackendView, 'succeeded' | 'failed'> & { cost: number }

export class WatchWork {
  readonly #watching: Watching
  readonly #since: number
  readonly #known = new Map<string, Known>()
  readonly #tallies = new Map<string, Tally>()
  readonly #samples: Sample[] = []
  #news: WorkView[] = []
  #isDone = false

  constructor(watching: Watching) {
    this.#watching = watching
    this.#since = watching.now()
  }

  /** There was work, and all of it had ended at the last look. */
  get isDone(): boolean {
    return this.#isDone
  }

  async look(): Promise<View> {
    const { client, names, now } = this.#watching
    const [functions, backends, ...pages] = await Promise.all([
      client.functions(),
      client.backends(),
      ...names.flatMap((name) => [
        client.invocations({ function: name, state: 'running', limit: PAGE }),
        client.invocations({ function: name, since: this.#since, limit: PAGE }),
      ]),
    ])
    const onPage = new Map(pages.flatMap(({ invocations }) => invocations).map((one) => [one.id, one]))
    const changed = this.#changed(onPage)
    for (const record of await Promise.all(changed.slice(0, RECORDS_MAX).map((id) => client.invocation(id))))
      this.#take(record)
    this.#forget(onPage)
    const mine = functions.filter(({ name }) => names.includes(name))
    const waiting = sum(mine.map(({ queued }) => queued))
    this.#isDone =
      this.#news.length > 0 &&
      changed.length <= RECORDS_MAX &&
      waiting + sum(mine.map(({ running }) => running)) === 0 &&
      [...this.#known.values()].every(({ ended }) => ended)
    this.#sample(waiting, backends)
    return {
      at: now(),
      since: this.#since,
      waiting,
      backends: backends.map((backend) => this.#backendView(backend)),
      work: [...this.#news.filter(isRunning), ...this.#news.filter((work) => !isRunning(work))],
      samples: this.#samples,
    }
  }

  /** Ids of what has news; what ran and is on no page any more has some too. */
  #changed(onPage: ReadonlyMap<string, InvocationSummary>): string[] {
    const news = [...onPage.values()].filter((one) => this.#known.get(one.id)?.standing !== standing(one))
    const gone = [...this.#known].filter(([id, { standing }]) => !onPage.has(id) && standing.startsWith('running'))
    return [...gone.map(([id]) => id), ...news.map(({ id }) => id)]
  }

  #take(record: InvocationRecord): void {
    const { id, state, tries } = record
    const ended = tries.filter(({ endedAt }) => endedAt !== undefined)
    const { counted = 0 } = this.#known.get(id) ?? {}
    for (const attempt of ended.slice(counted)) this.#count(attempt)
    this.#known.set(id, { standing: standing(record), ended: isEnded(state), counted: ended.length })
    const others = this.#news.filter((one) => one.id !== id)
    this.#news = [workView(record), ...others].toSorted((a, b) => b.at - a.at).slice(0, NEWS_MAX)
  }

  #count({ backend, endedAt = 0, cause, cost = 0 }: AttemptRecord): void {
    if (endedAt < this.#since) return
    const tally = this.#tallies.get(backend) ?? { succeeded: 0, failed: 0, cost: 0 }
    tally[cause === undefined ? 'succeeded' : 'failed']++
    tally.cost += cost
    this.#tallies.set(backend, tally)
  }

  /** So that a day of watching takes no more memory than a minute. */
  #forget(onPage: ReadonlyMap<string, unknown>): void {
    for (const [id, { ended }] of this.#known) if (ended && !onPage.has(id)) this.#known.delete(id)
  }

  #backendView({ name, public: isPublic, slots, running, healthy, messages, breaker }: BackendStatus): BackendView {
    const { succeeded = 0, failed = 0, cost = 0 } = this.#tallies.get(name) ?? {}
    return {
      name,
      public: isPublic,
      slots,
      running,
      healthy,
      ...(messages ? { messages } : {}),
      ...(breaker ? { breaker } : {}),
      succeeded,
      failed,
      ...(isPublic ? { cost } : {}),
    }
  }

  #sample(waiting: number, backends: readonly BackendStatus[]): void {
    const running = (isPublic: boolean) =>
      sum(backends.filter((backend) => backend.public === isPublic).map((backend) => backend.running))
    this.#samples.push({ waiting, private: running(false), public: running(true) })
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
  }
}

const isRunning = ({ state }: WorkView) => state === 'running'

/** Two with the same standing look the same. */
const standing = ({ state, attempts }: Pick<InvocationSummary, 'state' | 'attempts'>) => `${state} ${attempts}`

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
