/** Keeps an eye on the buckets that functions read from: watches where the store can, and reconciles by listing. */
import { asError } from '../../runtime/contract/errors.js'
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { BackendHost } from '../backends/backend.js'
import type { ObjectStore } from '../storage/object-store.js'
import { Batcher } from './batcher.js'
import { reconcile } from './reconcile.js'

/** Milliseconds before an event that could not be recorded is offered again. */
const AGAIN_MS = 1000

/** Milliseconds beyond which a time in the future is no clock that goes wrong but what somebody gave the file. */
const FUTURE_MS = 60_000

export interface ObserverContext {
  store(name: string): ObjectStore
  /** Milliseconds between two listings of a storage, and how old a file must be to count as written. */
  reconcileMs(storage: string): number
  settleMs(storage: string): number
  offer(events: ObjectEvent[]): Promise<unknown>
  now(): number
  log: BackendHost['log']
}

export class Observer {
  readonly #context: ObserverContext
  readonly #batcher: Batcher<ObjectEvent>
  readonly #closed = new AbortController()
  #watching = new Map<string, AbortController>()
  #rules: InputRule[] = []
  #listing: Promise<void> = Promise.resolve()
  #timers = new Map<string, NodeJS.Timeout>()

  constructor(context: ObserverContext) {
    this.#context = context
    this.#batcher = new Batcher(
      (events) => context.offer(events),
      AGAIN_MS,
      (thrown) => context.log('warn', `events could not be recorded and are offered again: ${asError(thrown).message}`),
    )
  }

  /** Watches exactly the buckets of these rules from now on, and lists them once. */
  follow(rules: InputRule[]): void {
    this.#rules = rules
    const wanted = new Set(rules.map(bucketKey))
    for (const [key, stop] of this.#watching) if (!wanted.has(key)) this.#unwatch(key, stop)
    for (const rule of rules) this.#watch(rule)
    for (const storage of new Set(rules.map((rule) => rule.storage))) this.#list(storage, { again: true })
  }

  /** Lists everything now; resolves when it has been offered. */
  async reconcileNow(): Promise<void> {
    for (const storage of new Set(this.#rules.map((rule) => rule.storage))) this.#list(storage)
    await this.#listing
    await this.#batcher.idle()
  }

  async close(): Promise<void> {
    this.#closed.abort()
    for (const stop of this.#watching.values()) stop.abort()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await this.#listing
    await this.#batcher.close()
  }

  #watch({ storage, bucket }: InputRule): void {
    const key = bucketKey({ storage, bucket })
    const store = this.#context.store(storage)
    if (this.#watching.has(key) || !store.watch) return
    const stop = new AbortController()
    this.#watching.set(key, stop)
    store
      .watch(bucket, (event) => this.#batcher.add(event), stop.signal)
      .catch((thrown: unknown) => {
        this.#context.log('warn', `${key} is not watched, only listed: ${asError(thrown).message}`)
        if (this.#watching.get(key) === stop) this.#watching.delete(key)
      })
  }

  #unwatch(key: string, stop: AbortController): void {
    stop.abort()
    this.#watching.delete(key)
  }

  /**
   * One listing after the other, and the next one of this storage after its interval. With `again`, sooner where
   * something was too fresh: what was written just before a watch began is seen by no watch.
   */
  #list(storage: string, { again = false } = {}): void {
    const { reconcileMs, settleMs } = this.#context
    this.#next(storage, reconcileMs(storage))
    this.#listing = this.#listing.then(async () => {
      const isComplete = await this.#listOne(storage)
      if (again && !isComplete) this.#next(storage, settleMs(storage))
    })
  }

  #next(storage: string, milliseconds: number): void {
    clearTimeout(this.#timers.get(storage))
    if (this.#closed.signal.aborted) return
    this.#timers.set(storage, setTimeout(() => this.#list(storage), milliseconds).unref())
  }

  /** False when something was left out because it may still be being written. */
  async #listOne(storage: string): Promise<boolean> {
    const rules = this.#rules.filter((rule) => rule.storage === storage)
    let isComplete = true
    const offer = async (events: ObjectEvent[]) => {
      const written = events.filter((event) => this.#isWritten(event))
      isComplete &&= written.length === events.length
      await this.#context.offer(written)
    }
    await reconcile({ rules: () => rules, store: this.#context.store, offer }, this.#closed.signal).catch(
      (thrown: unknown) =>
        this.#context.log('warn', `storage ${storage} could not be listed: ${asError(thrown).message}`),
    )
    // A bucket that had gone away may be back.
    if (!this.#closed.signal.aborted) for (const rule of rules) this.#watch(rule)
    return isComplete
  }

  #isWritten({ storage, time }: ObjectEvent): boolean {
    const ageMs = this.#context.now() - Date.parse(time)
    return ageMs >= this.#context.settleMs(storage) || ageMs < -FUTURE_MS
  }
}

const bucketKey = ({ storage, bucket }: Pick<InputRule, 'storage' | 'bucket'>) => `${storage}://${bucket}`
