/** Lists what functions read from one storage, again and again, one pass at a time. */
import { asError } from '../../runtime/contract/errors.js'
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import { formatSeconds } from '../../runtime/contract/units.js'
import type { BackendHost } from '../backends/backend.js'
import type { ObjectStore } from '../storage/object-store.js'
import { reconcile } from './reconcile.js'

/** Milliseconds beyond which a time in the future is no clock that goes wrong but what somebody gave the file. */
const FUTURE_MS = 60_000

export interface StorageListingContext {
  store(name: string): Pick<ObjectStore, 'list'>
  /** Milliseconds between the end of one pass and the next, and how old a file must be to count as written. */
  reconcileMs: number
  settleMs: number
  offer(events: ObjectEvent[]): Promise<unknown>
  /** Called after each pass. */
  onPassed(): void
  now(): number
  log: BackendHost['log']
}

export class StorageListing {
  readonly #context: StorageListingContext
  readonly #closed = new AbortController()
  #rules: readonly InputRule[] = []
  #known = new Map<string, Set<string>>()
  /** Places that could not be listed the last time. */
  readonly #unlisted = new Set<string>()
  #hasNewRules = false
  #running: Promise<void> | undefined
  #queued: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(context: StorageListingContext) {
    this.#context = context
  }

  /** Offers everything that these rules read from, also what others have been offered before. */
  follow(rules: readonly InputRule[]): void {
    this.#rules = rules
    this.#known = new Map()
    this.#unlisted.clear()
    this.#hasNewRules = true
    void this.list()
  }

  /** Resolves when all that was there at the call has been offered, or could not be listed. */
  list(): Promise<void> {
    if (this.#closed.signal.aborted) return Promise.resolve()
    if (!this.#running) return this.#begin()
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined
      return this.list()
    })
    return this.#queued
  }

  async close(): Promise<void> {
    this.#closed.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  #begin(): Promise<void> {
    clearTimeout(this.#timer)
    this.#running = this.#pass().then((nextMs) => {
      this.#running = undefined
      if (this.#closed.signal.aborted) return
      this.#timer = setTimeout(() => void this.list(), nextMs).unref()
      this.#context.onPassed()
    })
    return this.#running
  }

  /**
   * Resolves to the milliseconds until the next pass: soon when rules are new and something was too fresh, for what was
   * written just before a watch began is seen by no watch.
   */
  async #pass(): Promise<number> {
    const { store, reconcileMs, settleMs } = this.#context
    const hadNewRules = this.#hasNewRules
    this.#hasNewRules = false
    const offer = (events: ObjectEvent[]) => this.#offer(events)
    const onListed = (place: string, fault?: unknown) => this.#note(place, fault)
    const context = { rules: this.#rules, store, offer, known: this.#known, onListed }
    const isComplete = await reconcile(context, this.#closed.signal)
    return hadNewRules && !isComplete ? settleMs : reconcileMs
  }

  /** Says it once, however often it is tried again. */
  #note(place: string, fault: unknown): void {
    const { log, reconcileMs } = this.#context
    if (fault === undefined) {
      if (this.#unlisted.delete(place)) log('info', `${place} is listed again`)
    } else if (!this.#unlisted.has(place)) {
      this.#unlisted.add(place)
      const again = `tried again every ${formatSeconds(reconcileMs / 1000)}`
      log('warn', `${place} could not be listed; ${again}: ${asError(fault).message}`)
    }
  }

  /** False when something was left out because it may still be being written. */
  async #offer(events: ObjectEvent[]): Promise<boolean> {
    const written = events.filter((event) => this.#isWritten(event))
    if (written.length > 0) await this.#context.offer(written)
    return written.length === events.length
  }

  #isWritten({ time }: ObjectEvent): boolean {
    const ageMs = this.#context.now() - Date.parse(time)
    return ageMs >= this.#context.settleMs || ageMs < -FUTURE_MS
  }
}
