/** A queue of this process that keeps SQS's promises: what is not removed comes again. */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from './eventually.js'
import type { EventQueue, QueueMessage } from '../../dispatcher/intake/event-queue.js'

/** Milliseconds after which what was received and not removed comes again. */
const VISIBILITY_MS = 300

export class SmallQueue implements EventQueue {
  readonly name = 'small'
  readonly messages: QueueMessage[] = []
  closed = false
  faults = 0
  /** Until when what was received is not given to others, by receipt. */
  readonly #hidden = new Map<string, number>()

  async receive(waitSeconds: number, signal: AbortSignal): Promise<QueueMessage[]> {
    if (this.faults-- > 0) throw new Error('no such queue')
    if (this.messages.length === 0 && waitSeconds > 0) await delay(20, undefined, { signal })
    const now = Date.now()
    const visible = this.messages.filter(({ receipt }) => (this.#hidden.get(receipt) ?? 0) <= now).slice(0, 10)
    for (const { receipt } of visible) this.#hidden.set(receipt, now + VISIBILITY_MS)
    return visible
  }

  remove(messages: readonly QueueMessage[]): Promise<void> {
    const gone = messages.map(({ receipt }) => receipt)
    this.messages.splice(0, this.messages.length, ...this.messages.filter(({ receipt }) => !gone.includes(receipt)))
    return Promise.resolve()
  }

  /** Resolves when all that was put has been removed. */
  async empty(): Promise<void> {
    await eventually(() => this.messages.length === 0, { timeoutMs: 60_000, what: 'an empty queue' })
  }

  close(): void {
    this.closed = true
  }

  put(...bodies: string[]): void {
    for (const body of bodies) this.messages.push({ receipt: `r${Math.random()}`, body })
  }
}
