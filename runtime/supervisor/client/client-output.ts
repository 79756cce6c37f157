/** What a runtime client prints goes to the log of the attempt that it works on; what it prints between two, to the next. */
import type { LogLine } from '../../contract/runtime-api.js'
import type { LineSink } from '../pump-output.js'

/** Lines that are kept while there is no attempt. */
const WAITING_LINES_MAX = 1000

export class ClientOutput implements LineSink {
  #log: LineSink | undefined
  #waiting: Pick<LogLine, 'stream' | 'text'>[] = []

  get isFull(): boolean {
    return this.#log?.isFull ?? false
  }

  attach(log: LineSink): void {
    this.#log = log
    for (const { stream, text } of this.#waiting.splice(0)) log.add(stream, text)
  }

  detach(): void {
    this.#log = undefined
  }

  add(stream: LogLine['stream'], text: string): void {
    if (this.#log) this.#log.add(stream, text)
    else if (this.#waiting.length < WAITING_LINES_MAX) this.#waiting.push({ stream, text })
  }

  async room(): Promise<void> {
    await this.#log?.room()
  }
}
