/** Tells the other dispatchers which topics have changed: what comes while something is being sent goes together. */
import { WORDS_MAX } from '../database/shared.js'

/** `null` = all who wait. */
type Words = [topic: string, count: number | null][]

export class Bulletin {
  readonly #tell: (words: string) => Promise<void>
  readonly #pending = new Map<string, number>()
  #isSending = false

  /** What `tell` fails with is dropped: the others look for themselves before long. */
  constructor(tell: (words: string) => Promise<void>) {
    this.#tell = tell
  }

  add(topic: string, count: number): void {
    this.#pending.set(topic, (this.#pending.get(topic) ?? 0) + count)
    if (!this.#isSending) void this.#send()
  }

  async #send(): Promise<void> {
    this.#isSending = true
    await nextTurn()
    while (this.#pending.size > 0) {
      const words = [...this.#pending].map(([topic, count]): Words[number] => [
        topic,
        Number.isFinite(count) ? count : null,
      ])
      this.#pending.clear()
      for (const page of pages(words)) await this.#tell(JSON.stringify(page)).catch(() => undefined)
    }
    this.#isSending = false
  }
}

/** What `Bulletin` of another dispatcher has told; nothing where somebody else has used its channel. */
export function readBulletin(words: string): { topic: string; count: number }[] {
  try {
    return (JSON.parse(words) as Words).map(([topic, count]) => ({ topic, count: count ?? Number.POSITIVE_INFINITY }))
  } catch {
    return []
  }
}

/** As many as fit into one text. */
function pages(words: Words): Words[] {
  const all: Words[] = [[]]
  let bytes = 0
  for (const word of words) {
    const size = Buffer.byteLength(JSON.stringify(word)) + 1
    if (bytes + size > WORDS_MAX - 2) {
      all.push([])
      bytes = 0
    }
    all.at(-1)!.push(word)
    bytes += size
  }
  return all
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
