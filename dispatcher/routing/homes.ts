/** Which private back-ends take work at all; says when that changes. */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { Capacity } from '../backends/backend.js'

/** Milliseconds for which a back-end that cannot be reached is expected to be back at once. */
const ILL_MS = 10_000

export class Homes {
  readonly #usable = new Map<BackendName, boolean>()

  /** What has changed since the last look, for people; undefined: nothing. */
  look(capacities: ReadonlyMap<BackendName, Capacity>, now: number): string | undefined {
    const changes: string[] = []
    for (const [name, { slots, illSince = Infinity }] of capacities) {
      const isAway = now - illSince >= ILL_MS
      const isUsable = slots > 0 && !isAway
      if ((this.#usable.get(name) ?? true) !== isUsable) changes.push(changeOf(name, isUsable, isAway))
      this.#usable.set(name, isUsable)
    }
    return changes.length > 0 ? changes.join(' and ') : undefined
  }
}

function changeOf(name: BackendName, isUsable: boolean, isAway: boolean): string {
  if (isUsable) return `${name} takes work again`
  return isAway ? `${name} cannot be reached` : `${name} has no room any more`
}
