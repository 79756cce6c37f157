/**
 * Who waits for what: workers for work of their release, callers for the end of an invocation. A waiter enters before
 * it looks, so that a change between looking and waiting is not missed.
 */

export interface Waiter {
  /** Resolves when the topic changed since `enter`, when the signal aborts, or after `milliseconds`. */
  wait(options: { milliseconds: number; signal: AbortSignal }): Promise<void>
  /** Always call it; a wake that this waiter had no use for goes to the next one when `used` is false. */
  leave(used?: boolean): void
}

export class Changes {
  readonly #waiters = new Map<string, Set<TopicWaiter>>()
  readonly #others: (topic: string, count: number) => void

  /** `others` is told how many waiters were wanted beside those that are here. */
  constructor(others: (topic: string, count: number) => void = () => undefined) {
    this.#others = others
  }

  /** Wakes up to `count` waiters of the topic, longest first, here and then elsewhere. */
  notify(topic: string, count = Number.POSITIVE_INFINITY): void {
    const left = this.wake(topic, count)
    if (left > 0) this.#others(topic, left)
  }

  /** As `notify`, here alone; how many were wanted and not found. */
  wake(topic: string, count = Number.POSITIVE_INFINITY): number {
    let left = count
    for (const waiter of this.#waiters.get(topic) ?? []) {
      if (left <= 0) return 0
      if (waiter.wake()) left--
    }
    return left
  }

  /** Everybody here looks again. */
  wakeAll(): void {
    for (const topic of this.#waiters.keys()) this.wake(topic)
  }

  enter(topic: string): Waiter {
    const waiters = this.#waiters.get(topic) ?? new Set()
    this.#waiters.set(topic, waiters)
    const waiter = new TopicWaiter((woken, used) => {
      waiters.delete(waiter)
      if (waiters.size === 0) this.#waiters.delete(topic)
      if (woken && !used) this.notify(topic, 1)
    })
    waiters.add(waiter)
    return waiter
  }
}

class TopicWaiter implements Waiter {
  readonly #onLeave: (woken: boolean, used: boolean) => void
  #woken = false
  #resolve: () => void = () => undefined

  constructor(onLeave: (woken: boolean, used: boolean) => void) {
    this.#onLeave = onLeave
  }

  /** False when it had been woken already. */
  wake(): boolean {
    if (this.#woken) return false
    this.#woken = true
    this.#resolve()
    return true
  }

  wait({ milliseconds, signal }: { milliseconds: number; signal: AbortSignal }): Promise<void> {
    if (this.#woken || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#resolve(), milliseconds)
      const abort = () => this.#resolve()
      signal.addEventListener('abort', abort)
      this.#resolve = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        resolve()
      }
    })
  }

  leave(used = true): void {
    this.#onLeave(this.#woken, used)
  }
}
