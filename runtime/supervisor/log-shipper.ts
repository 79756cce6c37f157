/** Sends what a script prints to the dispatcher, in batches and with bounds; nothing here makes an attempt fail. */
import type { LogLine } from '../contract/runtime-api.js'
import { settlesWithin, wait } from './wait.js'

/** Bytes of one batch, and the longest time that a line waits for others. */
const BATCH_BYTES = 64 * 1024
const BATCH_MS = 200
/** Bytes that wait to be sent before the script has to wait. */
const PENDING_BYTES_MAX = 256 * 1024
/** Longest time without progress for which a script waits; then lines are dropped. */
const PATIENCE_MS = 2000
const RETRY_MS = 250
const CLOSE_MS = 10_000
/** Bytes of log that one attempt may send. */
export const LOG_BYTES_MAX = 8 * 1024 ** 2
/** What a line costs beside its text: time, stream and punctuation. */
const LINE_BYTES = 48

export interface LogShipperOptions {
  /** Rejects when it is worth another try. */
  send: (lines: LogLine[], signal: AbortSignal) => Promise<unknown>
  /** Epoch milliseconds */
  now: () => number
}

export class LogShipper {
  readonly #end = new AbortController()
  #nap = new AbortController()
  #pending: LogLine[] = []
  #pendingBytes = 0
  #takenBytes = 0
  #dropped = 0
  #lastProgressMs = 0
  #closing = false
  #shipping: Promise<void> | undefined
  #progress: (() => void)[] = []

  constructor(private readonly options: LogShipperOptions) {}

  /** True once the log has reached its limit: what follows is not kept. */
  get isFull(): boolean {
    return this.#takenBytes >= LOG_BYTES_MAX
  }

  add(stream: LogLine['stream'], text: string): void {
    if (this.isFull) return
    if (this.#isStuck()) this.#dropped++
    else this.#take(stream, text)
  }

  /** Resolves when more may be added; a script that prints faster than its log is taken waits here. */
  async room(): Promise<void> {
    while (this.#pendingBytes > PENDING_BYTES_MAX && !this.#isStuck() && !this.#closing) {
      const nap = new AbortController()
      this.#progress.push(() => nap.abort())
      await wait(PATIENCE_MS, nap.signal)
    }
  }

  /** From here on nobody waits for room: the script has ended, what it printed is in the pipes. */
  hurry(): void {
    this.#closing = true
    this.#nap.abort()
    this.#wakeAll()
  }

  /** Sends what is left, for a bounded time. */
  async close(): Promise<void> {
    this.hurry()
    this.#noteDropped()
    if (this.#shipping) await settlesWithin(this.#shipping, CLOSE_MS)
    this.#end.abort()
  }

  #isStuck(): boolean {
    if (this.#pendingBytes <= PENDING_BYTES_MAX) return false
    return this.options.now() - this.#lastProgressMs >= PATIENCE_MS
  }

  #take(stream: LogLine['stream'], text: string): void {
    this.#noteDropped()
    this.#push(stream, text)
    if (this.isFull)
      this.#push('system', `the log of this attempt has reached ${LOG_BYTES_MAX} bytes; the rest is not kept`)
    if (this.#pendingBytes >= BATCH_BYTES) this.#nap.abort()
    this.#shipping ??= this.#ship().finally(() => (this.#shipping = undefined))
  }

  #noteDropped(): void {
    if (this.#dropped === 0) return
    const text = `${this.#dropped} lines dropped: the dispatcher did not take them in time`
    this.#dropped = 0
    this.#take('system', text)
  }

  #push(stream: LogLine['stream'], text: string): void {
    const bytes = sizeOf(text)
    if (this.#pending.length === 0) this.#lastProgressMs = this.options.now()
    this.#pending.push({ time: this.options.now(), stream, text })
    this.#pendingBytes += bytes
    this.#takenBytes += bytes
  }

  async #ship(): Promise<void> {
    while (this.#pending.length > 0 && !this.#end.signal.aborted) {
      await this.#batchUp()
      const batch = this.#nextBatch()
      await this.#deliver(batch.lines)
      this.#pendingBytes -= batch.bytes
      this.#wakeAll()
    }
  }

  async #batchUp(): Promise<void> {
    this.#nap = new AbortController()
    if (this.#closing || this.#pendingBytes >= BATCH_BYTES) return
    await wait(BATCH_MS, this.#nap.signal)
  }

  #nextBatch(): { lines: LogLine[]; bytes: number } {
    let bytes = 0
    const tooMany = this.#pending.findIndex((line) => (bytes += sizeOf(line.text)) > BATCH_BYTES)
    const lines = this.#pending.splice(0, tooMany < 0 ? this.#pending.length : Math.max(tooMany, 1))
    return { lines, bytes: lines.reduce((sum, line) => sum + sizeOf(line.text), 0) }
  }

  async #deliver(lines: LogLine[]): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        await this.options.send(lines, this.#end.signal)
        this.#lastProgressMs = this.options.now()
        return
      } catch {
        await wait(RETRY_MS, this.#end.signal)
      }
    }
  }

  #wakeAll(): void {
    for (const wake of this.#progress.splice(0)) wake()
  }
}

const sizeOf = (text: string) => Buffer.byteLength(text) + LINE_BYTES
