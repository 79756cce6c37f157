/** What waits of each release: how long a piece takes, what it would cost elsewhere, and how much is about to go over. */
import type { BriefDecision } from '../../runtime/contract/decision.js'
import type { Release } from '../../runtime/contract/release.js'
import { cpuAtHome } from '../router/load/load.js'

/** Share of the newest piece in what is expected of the next. */
const NEWEST_SHARE = 0.1

/** Pieces that go over at once and are known one by one; more are counted as waiting until they have gone. */
const LEAVING_MAX = 10_000

export const kindKey = ({ function: name, number }: Pick<Release, 'function' | 'number'>): string => `${name} ${number}`

export class Kind {
  readonly key: string
  readonly cpu: number
  /** Pieces that wait and are not known one by one. */
  stocked = 0
  readonly #leaving = new Set<string>()
  readonly #held = new Set<string>()
  readonly #declared: number
  #seconds: number | undefined
  #cost: number | undefined

  constructor(release: Release) {
    this.key = kindKey(release)
    this.cpu = cpuAtHome(release.spec)
    this.#declared = release.spec.routing.expectedTime ?? release.spec.timeout
  }

  /** Expected run time of a piece. */
  get seconds(): number {
    return this.#seconds ?? this.#declared
  }

  /** USD that a piece is expected to cost on a public back-end. */
  get cost(): number {
    return this.#cost ?? 0
  }

  get leaving(): number {
    return this.#leaving.size
  }

  learn({ terms }: Pick<BriefDecision, 'terms'>): void {
    this.#seconds = mixed(this.#seconds, terms?.expectedRun?.seconds)
    this.#cost = mixed(this.#cost, terms?.cost)
  }

  goes(id: string): void {
    if (this.#leaving.size < LEAVING_MAX) this.#leaving.add(id)
  }

  /** It would go over if there was room there, and waits at home meanwhile. */
  holds(id: string): void {
    if (this.#held.size < LEAVING_MAX) this.#held.add(id)
  }

  /** Pieces that are going to take room on a public back-end before what comes now. */
  get ahead(): number {
    return this.#leaving.size + this.#held.size
  }

  /** False when it was not about to go over. */
  gone(id: string): boolean {
    this.#held.delete(id)
    return this.#leaving.delete(id)
  }

  /** No more than that wait: the oldest of those that were held have started elsewhere. */
  atMost(count: number): void {
    for (const id of this.#held)
      if (this.#held.size > count) this.#held.delete(id)
      else break
  }

  /** What was about to go over stays. */
  stay(): void {
    this.#leaving.clear()
    this.#held.clear()
  }
}

export class Kinds {
  readonly #kinds = new Map<string, Kind>()

  of(release: Release): Kind {
    const key = kindKey(release)
    const known = this.#kinds.get(key)
    if (known) return known
    const kind = new Kind(release)
    this.#kinds.set(key, kind)
    return kind
  }

  all(): Iterable<Kind> {
    return this.#kinds.values()
  }
}

const mixed = (before: number | undefined, newest: number | undefined): number | undefined =>
  before === undefined || newest === undefined ? (newest ?? before) : before + NEWEST_SHARE * (newest - before)
