/** Keeps an eye on the buckets that functions read from: watches where the store can, and reconciles by listing. */
import { asError } from '../../runtime/contract/errors.js'
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { BackendHost } from '../backends/backend.js'
import type { ObjectStore } from '../storage/object-store.js'
import { Batcher } from './batcher.js'
import { StorageListing } from './storage-listing.js'

/** Milliseconds before an event that could not be recorded is offered again. */
const AGAIN_MS = 1000

export interface ObserverContext {
  store(name: string): ObjectStore
  /** Milliseconds between two listings of a storage, and how old a file must be to count as written. */
  reconcileMs(storage: string): number
  settleMs(storage: string): number
  offer(events: ObjectEvent[]): Promise<unknown>
  /** As `offer`, for what most likely is on record. */
  offerListed(events: ObjectEvent[]): Promise<unknown>
  now(): number
  log: BackendHost['log']
}

export class Observer {
  readonly #context: ObserverContext
  readonly #batcher: Batcher<ObjectEvent>
  readonly #watching = new Map<string, AbortController>()
  readonly #listings = new Map<string, StorageListing>()
  #rules: InputRule[] = []

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
    for (const storage of new Set([...this.#listings.keys(), ...rules.map((rule) => rule.storage)]))
      this.#listing(storage).follow(rules.filter((rule) => rule.storage === storage))
  }

  /** Lists everything now; resolves when it has been offered. */
  async reconcileNow(): Promise<void> {
    await Promise.all([...this.#listings.values()].map((listing) => listing.list()))
    await this.#batcher.idle()
  }

  async close(): Promise<void> {
    for (const stop of this.#watching.values()) stop.abort()
    await Promise.all([...this.#listings.values()].map((listing) => listing.close()))
    await this.#batcher.close()
  }

  #listing(storage: string): StorageListing {
    const { store, offerListed, now, log, reconcileMs, settleMs } = this.#context
    const listing =
      this.#listings.get(storage) ??
      new StorageListing({
        store,
        offer: offerListed,
        now,
        log,
        reconcileMs: reconcileMs(storage),
        settleMs: settleMs(storage),
        // A bucket that had gone away may be back.
        onPassed: () => this.#rules.filter((rule) => rule.storage === storage).forEach((rule) => this.#watch(rule)),
      })
    this.#listings.set(storage, listing)
    return listing
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
}

const bucketKey = ({ storage, bucket }: Pick<InputRule, 'storage' | 'bucket'>) => `${storage}://${bucket}`
