/**
 * Work that waits for a private slot, in order of arrival. One list for each size, so that the first one that fits is
 * found without looking at those behind it that are as large.
 */

export interface InLine {
  /** Units that it needs in one place. */
  units: number
  /** Its place in the line: lower is earlier. */
  since: number
  /** Breaks ties. */
  order: number
}

interface Node<T> {
  item: T
  before?: Node<T> | undefined
  after?: Node<T> | undefined
}

interface List<T> {
  units: number
  first?: Node<T> | undefined
  last?: Node<T> | undefined
}

export class WaitingLine<T extends InLine> {
  readonly #lists = new Map<number, List<T>>()
  readonly #nodes = new Map<T, Node<T>>()

  get length(): number {
    return this.#nodes.size
  }

  add(item: T): void {
    const list = this.#listOf(item.units)
    const node: Node<T> = { item }
    let before = list.last
    while (before && isBefore(item, before.item)) before = before.before
    insertAfter(list, before, node)
    this.#nodes.set(item, node)
  }

  /** False when it is not in the line. */
  remove(item: T): boolean {
    const node = this.#nodes.get(item)
    if (!node) return false
    this.#nodes.delete(item)
    const list = this.#listOf(item.units)
    if (node.before) node.before.after = node.after
    else list.first = node.after
    if (node.after) node.after.before = node.before
    else list.last = node.before
    return true
  }

  /** The first that needs no more units than that; without `overtaking`, the first at all if it needs no more. */
  firstThatFits(units: number, overtaking: boolean): T | undefined {
    let found: T | undefined
    for (const { units: needed, first } of this.#lists.values()) {
      if (!first || (overtaking && needed > units)) continue
      if (!found || isBefore(first.item, found)) found = first.item
    }
    return found && found.units <= units ? found : undefined
  }

  #listOf(units: number): List<T> {
    let list = this.#lists.get(units)
    if (!list) this.#lists.set(units, (list = { units }))
    return list
  }
}

function insertAfter<T>(list: List<T>, before: Node<T> | undefined, node: Node<T>): void {
  const after = before ? before.after : list.first
  node.before = before
  node.after = after
  if (before) before.after = node
  else list.first = node
  if (after) after.before = node
  else list.last = node
}

const isBefore = (one: InLine, other: InLine) =>
  one.since < other.since || (one.since === other.since && one.order < other.order)
