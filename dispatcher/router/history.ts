/**
 * Run times by function, size of input and back-end, learned from attempts that have ended. Bounded: so many functions,
 * so many sizes each, a histogram each; it can be stored and read back.
 */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { formatBytes } from '../../runtime/contract/units.js'
import { SAMPLES_MIN } from '../../runtime/contract/decision-words.js'
import { declaredRunTime, learnedRunTime, type Declared, type RunTime } from './run-time.js'
import { RunTimes, type StoredRunTimes } from './run-times.js'

/** Functions that are remembered; the one that has not run for longest is forgotten first. */
const FUNCTIONS_MAX = 2000

/** Inputs whose sizes differ by less than this factor are of one kind. */
const SIZE_FACTOR = 4

export interface EndedRun {
  function: string
  backend: BackendName
  /** bytes */
  inputBytes: number
  /** From the moment that a worker took it until its outcome: what it takes of its place. */
  seconds: number
  /** It was stopped at its timeout. */
  cut?: boolean
}

export interface RunQuestion extends Declared {
  function: string
  backend: BackendName
  /** bytes */
  inputBytes: number
}

/** What `decide` asks; a simulator may answer otherwise than from history. */
export interface RunTimeSource {
  expected(question: RunQuestion): RunTime
}

/** Run times by class of input size; `any` holds those of all back-ends together. */
type Places = Map<BackendName | 'any', Map<number, RunTimes>>

export interface StoredHistory {
  version: 1
  functions: [name: string, places: [place: BackendName | 'any', sizes: [size: number, times: StoredRunTimes][]][]][]
}

export class History implements RunTimeSource {
  readonly #functions = new Map<string, Places>()

  static from(stored: StoredHistory): History {
    const history = new History()
    for (const [name, places] of stored.functions)
      history.#functions.set(
        name,
        new Map(
          places.map(([place, sizes]) => [place, new Map(sizes.map(([size, times]) => [size, RunTimes.from(times)]))]),
        ),
      )
    return history
  }

  toJSON(): StoredHistory {
    const functions = [...this.#functions].map(([name, places]): StoredHistory['functions'][number] => [
      name,
      [...places].map(([place, sizes]) => [place, [...sizes].map(([size, times]) => [size, times.toJSON()])]),
    ])
    return { version: 1, functions }
  }

  learn({ function: name, backend, inputBytes, seconds, cut = false }: EndedRun): void {
    const places = this.#functions.get(name) ?? new Map()
    this.#functions.delete(name)
    this.#functions.set(name, places)
    if (this.#functions.size > FUNCTIONS_MAX) this.#functions.delete(this.#functions.keys().next().value!)
    for (const place of [backend, 'any'] as const) timesOf(places, place, sizeClass(inputBytes)).add(seconds, { cut })
  }

  expected({ function: name, backend, inputBytes, timeout, hint }: RunQuestion): RunTime {
    const places = this.#functions.get(name)
    const size = sizeClass(inputBytes)
    if (!places) return declaredRunTime({ timeout, hint })
    for (const place of [backend, 'any'] as const) {
      const found = nearest(places.get(place), size)
      if (found) return learnedRunTime(found.times, timeout, sizesText(found.size))
    }
    return declaredRunTime({ timeout, hint }, places.get('any')?.get(size)?.samples)
  }
}

function timesOf(places: Places, place: BackendName | 'any', size: number): RunTimes {
  let sizes = places.get(place)
  if (!sizes) places.set(place, (sizes = new Map()))
  let times = sizes.get(size)
  if (!times) sizes.set(size, (times = new RunTimes()))
  return times
}

/**
 * Run times of inputs of that size; failing that, of the next larger ones that are known, which take as long or longer.
 * What is larger than everything that has been seen is unknown.
 */
function nearest(
  sizes: Map<number, RunTimes> | undefined,
  size: number,
): { size: number; times: RunTimes } | undefined {
  if (!sizes) return undefined
  const own = sizes.get(size)
  if (own && own.samples >= SAMPLES_MIN) return { size, times: own }
  let best: { size: number; times: RunTimes } | undefined
  for (const [other, times] of sizes)
    if (other > size && times.samples >= SAMPLES_MIN && (!best || other < best.size)) best = { size: other, times }
  return best
}

/** 0 for no input, then one class for each factor. */
const sizeClass = (bytes: number) => (bytes > 0 ? 1 + Math.floor(Math.log2(bytes) / Math.log2(SIZE_FACTOR)) : 0)

const sizeTexts = new Map<number, string>()

function sizesText(size: number): string {
  const known = sizeTexts.get(size)
  if (known !== undefined) return known
  const text =
    size === 0
      ? 'without input'
      : `with ${formatBytes(SIZE_FACTOR ** (size - 1))} to ${formatBytes(SIZE_FACTOR ** size)} of input`
  sizeTexts.set(size, text)
  return text
}
