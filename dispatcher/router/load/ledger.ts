/**
 * The books of the private side: what waits, what runs where, what is being started. Every arrival is entered before the
 * next one is decided about, so that a burst does not see the same free slot twice; nobody is asked, nothing is polled.
 * Incremental, and the same for the same entries; the clock is an argument.
 */
import type { BackendName } from '../../../runtime/contract/function-spec.js'
import type { RunTime } from '../run-time.js'
import { Correction } from './correction.js'
import { endingOf, type Holding } from './ending.js'
import { sizeOf, SIZES, unitsOf, type Ending, type Load, type Unit, type WaitCorrection } from './load.js'

/** Share of the capacity that may change hands before expected ends are worked out anew. */
const CHANGED_SHARE = 0.02

/** Share of the average run time after which they are. */
const AGE_SHARE = 0.01

export interface Home {
  name: BackendName
  unit: Unit
  /** Units that may be taken at once. */
  capacity: number
}

export interface WaitingWork {
  cpu: number
  /** Expected run time. */
  seconds: number
  /** `DecisionTerms.expectedWait.raw`; absent: there was no forecast. */
  raw?: number | null
  /** Epoch milliseconds. */
  at: number
}

export interface StartedWork {
  backend: BackendName
  cpu: number
  run: RunTime
  /** Epoch milliseconds. */
  at: number
}

/** Work of one kind that is known by its number alone. */
export interface Stock {
  cpu: number
  /** Expected run time. */
  seconds: number
  count: number
}

interface Held extends Holding {
  cpu: number
  /** Expected run time. */
  seconds: number
}

interface Place extends Home {
  largestFree: number | undefined
  taken: number
  takenSeconds: number
  holdings: Map<string, Held>
  known?: Ending & { at: number; changed: number }
}

interface Entry extends WaitingWork {
  scale: number
  /** It is counted in a stock, not on its own. */
  isStocked: boolean
}

/** Sums by size. */
type Sums = Record<Unit, { units: Float64Array; seconds: Float64Array }>

export class Ledger {
  readonly #places = new Map<BackendName, Place>()
  readonly #waiting = new Map<string, Entry>()
  readonly #stocks = new Map<string, Stock>()
  readonly #sums: Sums = { attempt: emptySums(), vcpu: emptySums() }
  readonly #corrections = Array.from({ length: SIZES }, () => new Correction())
  readonly #lines: WaitCorrection[]
  readonly #overtaking: boolean

  /** `overtaking`: smaller work starts before larger work that does not fit yet. */
  constructor(homes: readonly Home[], { overtaking = true } = {}) {
    this.#overtaking = overtaking
    this.#lines = this.#corrections.map((correction) => correction.line())
    for (const home of homes) this.resize(home)
  }

  /** How much a back-end can hold, now that a node came, went or was cordoned. */
  resize(home: Home): void {
    const place = this.#places.get(home.name)
    if (place) become(place, home)
    else
      this.#places.set(home.name, { ...home, largestFree: undefined, taken: 0, takenSeconds: 0, holdings: new Map() })
  }

  /** The largest number of units that is free in one place; without it, all that is free counts as one place. */
  freeIn(backend: BackendName, largestFree: number | undefined): void {
    const place = this.#places.get(backend)
    if (place) place.largestFree = largestFree
  }

  queued(id: string, work: WaitingWork): void {
    const { cpu, seconds, raw = null, at } = work
    this.#waiting.set(id, { cpu, seconds, raw, at, scale: this.#scale(), isStocked: false })
    this.#count(work, 1)
  }

  /** So much work of a kind waits, in place of what was said of that kind before. */
  stock(kind: string, stock: Stock): void {
    const before = this.#stocks.get(kind)
    if (stock.count > 0) this.#stocks.set(kind, stock)
    else this.#stocks.delete(kind)
    if (before) this.#count(before, -before.count)
    this.#count(stock, stock.count)
  }

  /** It is part of a stock now, and not counted on its own any more; what it waits is still learned from. */
  stocked(id: string): void {
    const entry = this.#waiting.get(id)
    if (!entry || entry.isStocked) return
    entry.isStocked = true
    this.#count(entry, -1)
  }

  /** A worker took it; what it had waited is held against what was expected. */
  started(id: string, { backend, cpu, run, at }: StartedWork): void {
    this.#leave(id, at)
    const place = this.#places.get(backend)
    if (place) take(place, id, { units: unitsOf(place.unit, cpu), cpu, since: at, run, seconds: run.seconds })
  }

  /** A worker is being started that will take work at `readyAt`: until then it only takes up its place. */
  starting(worker: string, { backend, cpu, at, readyAt }: Omit<StartedWork, 'run'> & { readyAt: number }): void {
    const place = this.#places.get(backend)
    const seconds = (readyAt - at) / 1000
    const run = { endedBy: (after: number) => (after >= seconds ? 1 : 0) }
    if (place) take(place, worker, { units: unitsOf(place.unit, cpu), cpu, since: at, run, seconds })
  }

  /** An attempt ended, or a worker that was being started is there or gone. */
  ended(id: string): void {
    for (const place of this.#places.values()) giveBack(place, id)
  }

  /** It waited, and went over the spillway or was cancelled. */
  left(id: string, why: 'spilled' | 'cancelled', at: number): void {
    if (why === 'spilled') return this.#leave(id, at)
    const entry = this.#waiting.get(id)
    if (!entry) return
    this.#remove(id, entry)
  }

  /** Work of that size went over without waiting, because it was expected to wait too long. */
  refused(cpu: number): void {
    const size = sizeOf(cpu)
    this.#corrections[size]!.fade()
    this.#lines[size] = this.#corrections[size]!.line()
  }

  get corrections(): readonly WaitCorrection[] {
    return this.#lines
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** As it is for work that may use no more than `most` units of it. */
  load(backend: BackendName, now: number, most = Number.POSITIVE_INFINITY): Load | undefined {
    const place = this.#places.get(backend)
    if (!place) return undefined
    const capacity = Math.min(place.capacity, most)
    const free = Math.min(place.capacity - place.taken, capacity)
    const { units, seconds } = this.#sums[place.unit]
    // Of what is given back it finds its share in the part that it may use.
    const share = capacity < place.capacity ? capacity / place.capacity : 1
    return {
      unit: place.unit,
      capacity,
      free,
      largestFree: place.largestFree ?? free,
      overtaking: this.#overtaking,
      waiting: units,
      waitingCount: this.#sums.attempt.units,
      waitingSeconds: seconds,
      ending: () => shareOf(endingAt(place, now), share),
      scale: this.#scale(),
    }
  }

  #leave(id: string, at: number): void {
    const entry = this.#waiting.get(id)
    if (!entry) return
    this.#remove(id, entry)
    const { raw, scale, cpu } = entry
    if (!raw || raw === Infinity || scale <= 0) return
    const size = sizeOf(cpu)
    this.#corrections[size]!.learn(raw / scale, (at - entry.at) / 1000 / scale)
    this.#lines[size] = this.#corrections[size]!.line()
  }

  #remove(id: string, entry: Entry): void {
    this.#waiting.delete(id)
    if (!entry.isStocked) this.#count(entry, -1)
  }

  #count({ cpu, seconds }: Pick<WaitingWork, 'cpu' | 'seconds'>, pieces: number): void {
    const size = sizeOf(cpu)
    for (const unit of ['attempt', 'vcpu'] as const) {
      const sums = this.#sums[unit]
      const units = unitsOf(unit, cpu)
      sums.units[size]! += pieces * units
      sums.seconds[size]! += pieces * units * seconds
    }
    // Additions of fractions do not undo each other exactly; pieces are whole.
    if (this.#sums.attempt.units[size] !== 0) return
    for (const { units, seconds: sum } of Object.values(this.#sums)) units[size] = sum[size] = 0
  }

  /** Average run time of what runs, seconds; of what waits while nothing runs. */
  #scale(): number {
    let units = 0
    let seconds = 0
    for (const { taken, takenSeconds } of this.#places.values()) {
      units += taken
      seconds += takenSeconds
    }
    if (units > 0) return seconds / units
    const waiting = this.#sums.attempt
    const count = total(waiting.units)
    return count > 0 ? total(waiting.seconds) / count : 0
  }
}

const emptySums = () => ({ units: new Float64Array(SIZES), seconds: new Float64Array(SIZES) })

/** For every arrival: a plain loop is several times as fast as `reduce` here. */
function total(numbers: Float64Array): number {
  let sum = 0
  for (let index = 0; index < SIZES; index++) sum += numbers[index]!
  return sum
}

const shareOf = (whole: Ending, share: number): Ending => {
  if (share === 1) return whole
  return { ending: whole.ending.map((units) => units * share), usable: whole.usable.map((units) => units * share) }
}

/** In another unit everything takes up something else than before. */
function become(place: Place, home: Home): void {
  const { unit, holdings } = place
  Object.assign(place, home)
  if (unit === home.unit) return
  Object.assign(place, { holdings: new Map(), taken: 0, takenSeconds: 0 })
  for (const [id, holding] of holdings) take(place, id, { ...holding, units: unitsOf(home.unit, holding.cpu) })
}

function take(place: Place, id: string, holding: Held): void {
  giveBack(place, id)
  place.holdings.set(id, holding)
  place.taken += holding.units
  place.takenSeconds += holding.units * holding.seconds
  if (place.known) place.known.changed += holding.units
}

function giveBack(place: Place, id: string): void {
  const holding = place.holdings.get(id)
  if (!holding) return
  place.holdings.delete(id)
  place.taken -= holding.units
  place.takenSeconds -= holding.units * holding.seconds
  if (place.holdings.size === 0) place.taken = place.takenSeconds = 0
  if (place.known) place.known.changed += holding.units
}

/** With many slots something ends all the time; a forecast is not worth working it all out again for each of them. */
function endingAt(place: Place, now: number): Ending {
  const { known, taken, takenSeconds, capacity } = place
  const ageMs = taken > 0 ? (1000 * AGE_SHARE * takenSeconds) / taken : Infinity
  if (known && known.changed <= CHANGED_SHARE * capacity && Math.abs(now - known.at) <= ageMs) return known
  place.known = { ...endingOf(place.holdings.values(), now), at: now, changed: 0 }
  return place.known
}
