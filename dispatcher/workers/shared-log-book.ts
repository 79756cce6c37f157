/** The log of each invocation in the database, so that every dispatcher has it. */
import type { LogLine } from '../../runtime/contract/runtime-api.js'
import type { Shared } from '../database/shared.js'
import { textOf, type KeptLine, type Logs } from './log-book.js'

export class SharedLogBook implements Logs {
  readonly #shared: Pick<Shared, 'appendLog' | 'readLog'>
  readonly #appended: (invocation: string) => void

  constructor(shared: Pick<Shared, 'appendLog' | 'readLog'>, appended: (invocation: string) => void) {
    this.#shared = shared
    this.#appended = appended
  }

  async append(invocation: string, attempt: number, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return
    await this.#shared.appendLog(invocation, { lines: lines.length, content: textOf(attempt, lines) })
    this.#appended(invocation)
  }

  async *read(invocation: string, skip = 0): AsyncGenerator<KeptLine> {
    for (let seen = skip; ;) {
      const chunks = await this.#shared.readLog(invocation, seen)
      if (chunks.length === 0) return
      for (const { before, lines, content } of chunks) {
        const texts = content.trimEnd().split('\n')
        for (const text of texts.slice(Math.max(0, seen - before))) yield JSON.parse(text) as KeptLine
        seen = before + lines
      }
    }
  }
}
