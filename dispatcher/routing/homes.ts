/** How much work private back-ends take; says when that changes so much that what was decided is not true any more. */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { Capacity } from '../backends/backend.js'

/** Milliseconds for which a back-end that cannot be reached is expected to be back at once. */
const ILL_MS = 10_000

/** Times more or fewer slots that are worth deciding again: the corrections of forecasts follow smaller changes. */
const CLEAR_FACTOR = 2

/** Slots by which it has to differ as well: a back-end may try whether it holds one more. */
const CLEAR_DIFFERENCE = 2

interface Seen {
  isUsable: boolean
  /** When it was last said. */
  slots: number
  /** Why it takes no work, for people. */
  lack?: string
}

export class Homes {
  readonly #seen = new Map<BackendName, Seen>()

  /** What has changed since it was last said, for people; undefined: nothing. */
  look(capacities: ReadonlyMap<BackendName, Capacity>, now: number): string | undefined {
    const changes: string[] = []
    for (const [name, { slots, illSince = Infinity }] of capacities) {
      const isAway = now - illSince >= ILL_MS
      const isUsable = slots > 0 && !isAway
      const before = this.#seen.get(name) ?? { isUsable: true, slots }
      const isOther = before.isUsable !== isUsable || (isUsable && isClear(before.slots, slots))
      if (isOther)
        changes.push(before.isUsable === isUsable ? slotsText(name, before, slots) : useText(name, isUsable, isAway))
      const lack = isUsable ? {} : { lack: useText(name, isUsable, isAway) }
      this.#seen.set(name, isOther ? { isUsable, slots, ...lack } : before)
    }
    return inOne(changes)
  }

  /** Which take no work now, for people; undefined: all take some. */
  get lost(): string | undefined {
    return inOne([...this.#seen.values()].flatMap(({ lack }) => lack ?? []))
  }
}

const inOne = (texts: readonly string[]) => (texts.length > 0 ? texts.join(' and ') : undefined)

const isClear = (before: number, slots: number) =>
  Math.abs(before - slots) >= CLEAR_DIFFERENCE && Math.max(before, slots) >= CLEAR_FACTOR * Math.min(before, slots)

const slotsText = (name: BackendName, before: Seen, slots: number) =>
  `${name} has room for ${slots} at once, where it had room for ${before.slots}`

function useText(name: BackendName, isUsable: boolean, isAway: boolean): string {
  if (isUsable) return `${name} takes work again`
  return isAway ? `${name} cannot be reached` : `${name} has no room any more`
}
