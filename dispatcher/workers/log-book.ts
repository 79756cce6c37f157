/** The log of each invocation in a file: one JSON document per line that a script printed. */
import { createReadStream } from 'node:fs'
import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LogLine } from '../../runtime/contract/runtime-api.js'

/** A line as it is kept: with the attempt that printed it. */
export interface KeptLine extends LogLine {
  attempt: number
}

export interface Logs {
  /** Appends in the order of the calls. */
  append(invocation: string, attempt: number, lines: readonly LogLine[]): Promise<void>
  /** Lines from the `skip`th on; none when nothing was printed. */
  read(invocation: string, skip?: number): AsyncGenerator<KeptLine>
}

export class LogBook implements Logs {
  readonly #directory: string
  readonly #appended: (invocation: string) => void
  readonly #writes = new Map<string, Promise<void>>()

  constructor(directory: string, appended: (invocation: string) => void) {
    this.#directory = directory
    this.#appended = appended
  }

  append(invocation: string, attempt: number, lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve()
    const text = textOf(attempt, lines)
    const earlier = this.#writes.get(invocation) ?? Promise.resolve()
    const write = earlier.catch(() => undefined).then(() => this.#write(invocation, text))
    this.#writes.set(invocation, write)
    return write.finally(() => {
      if (this.#writes.get(invocation) === write) this.#writes.delete(invocation)
    })
  }

  async *read(invocation: string, skip = 0): AsyncGenerator<KeptLine> {
    const file = createReadStream(this.#path(invocation))
    let index = 0
    try {
      for await (const line of createInterface({ input: file, crlfDelay: Infinity })) {
        if (index++ < skip) continue
        const kept = parseLine(line)
        if (kept) yield kept
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    } finally {
      file.destroy()
    }
  }

  async #write(invocation: string, text: string): Promise<void> {
    const path = this.#path(invocation)
    try {
      await appendFile(path, text)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      await mkdir(dirname(path), { recursive: true })
      await appendFile(path, text)
    }
    this.#appended(invocation)
  }

  /** Spread over 256 directories by the random end of the id. */
  #path(invocation: string): string {
    return join(this.#directory, invocation.slice(-2), `${invocation}.jsonl`)
  }
}

export const textOf = (attempt: number, lines: readonly LogLine[]): string =>
  lines.map(({ time, stream, text }) => `${JSON.stringify({ time, attempt, stream, text })}\n`).join('')

/** A line that a crash cut short is left out. */
function parseLine(line: string): KeptLine | undefined {
  try {
    return JSON.parse(line) as KeptLine
  } catch {
    return undefined
  }
}
