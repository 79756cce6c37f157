/**
 * Takes object events from a queue. A message is removed after the durable commit of all that it says, and not before; one
 * that cannot be read is set aside, on record too, so that it does not come for ever.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../../runtime/contract/errors.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { Parsed } from '../../runtime/events/parse.js'
import type { BackendHost } from '../backends/backend.js'
import type { EventQueue, QueueMessage } from './event-queue.js'

/** The longest that a receiver may wait: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const WAIT_SECONDS = 20
/** Receivers at once while the queue gives as many messages as it can. */
const RECEIVERS = 8
/** Messages that one answer holds at most, see above. */
const MESSAGES_MAX = 10
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

export interface QueuePollerContext {
  queue: EventQueue
  parse(body: string): Parsed
  /** Resolves after the durable commit of all of them. */
  report(events: readonly ObjectEvent[]): Promise<unknown>
  quarantine(body: Buffer, source: string, problem: string): Promise<void>
  log: BackendHost['log']
  /** Milliseconds before the next try after a fault; for tests. */
  firstPauseMs?: number
}

export class QueuePoller {
  readonly #context: QueuePollerContext
  readonly #closing = new AbortController()
  readonly #running: Promise<void>

  /** Polls from now on. */
  constructor(context: QueuePollerContext) {
    this.#context = context
    this.#running = this.#run()
  }

  /** Resolves when nothing is received any more and what was received is on record, or left in the queue. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    this.#context.queue.close()
  }

  async #run(): Promise<void> {
    const { firstPauseMs = FIRST_PAUSE_MS } = this.#context
    let pauseMs = firstPauseMs
    while (!this.#closing.signal.aborted) {
      const failure = await this.#drain().then(
        () => undefined,
        (thrown: unknown) => asError(thrown),
      )
      if (this.#closing.signal.aborted) return
      if (failure) await this.#pause(failure, pauseMs)
      pauseMs = failure ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : firstPauseMs
    }
  }

  async #pause({ message }: Error, milliseconds: number): Promise<void> {
    this.#context.log('warn', `queue ${this.#context.queue.name} is tried again in ${milliseconds} ms: ${message}`)
    await delay(milliseconds, undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }

  /** One answer, and then, while answers are full, several at once. */
  async #drain(): Promise<void> {
    let most = await this.#receive(WAIT_SECONDS)
    while (most >= MESSAGES_MAX && !this.#closing.signal.aborted) {
      const counts = await Promise.all(Array.from({ length: RECEIVERS }, () => this.#receive(0)))
      most = Math.max(...counts)
    }
  }

  /** Resolves to how many messages came. */
  async #receive(waitSeconds: number): Promise<number> {
    const messages = await this.#context.queue.receive(waitSeconds, this.#closing.signal)
    if (messages.length > 0) await this.#record(messages)
    return messages.length
  }

  async #record(messages: readonly QueueMessage[]): Promise<void> {
    const { queue, parse, report, quarantine } = this.#context
    const read = messages.map(({ body }) => ({ body, ...parse(body) }))
    await report(read.flatMap(({ events }) => events))
    for (const { body, problem } of read)
      if (problem !== undefined) await quarantine(Buffer.from(body), queue.name, problem)
    await queue.remove(messages)
  }
}
