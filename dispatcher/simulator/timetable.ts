/** What is due when: a heap of times. Of equal times, what was entered first comes first. */

interface Entry<T> {
  at: number
  order: number
  item: T
}

export class Timetable<T> {
  readonly #heap: Entry<T>[] = []
  #entered = 0

  /** Of the earliest item; infinite when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity
  }

  /** The earliest time after that one; looks at everything. */
  nextAfter(now: number): number {
    return this.#heap.reduce((next, { at }) => (at > now ? Math.min(next, at) : next), Infinity)
  }

  add(at: number, item: T): void {
    const heap = this.#heap
    const entry = { at, order: this.#entered++, item }
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = entry
  }

  /** The earliest item if its time has come. */
  takeDue(now: number): T | undefined {
    const first = this.#heap[0]
    if (!first || first.at > now) return undefined
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) this.#sink(last)
    return first.item
  }

  /** What has been called off is forgotten when its turn comes. */
  skip(isOff: (item: T) => boolean): void {
    while (this.#heap[0] && isOff(this.#heap[0].item)) this.takeDue(Infinity)
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, entry)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = entry
  }
}

const isBefore = <T>(one: Entry<T>, other: Entry<T>) =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
