/** How busy a private back-end is, as the dispatcher knows it from its own books: plain data for `expectedWait`. */
import { specFor, type FunctionSpec } from '../../../runtime/contract/function-spec.js'

/** Seconds at which `Load.ending` is given: nothing at first, then half a doubling from one to the next, up to 48 days. */
export const TIMES: readonly number[] = Object.freeze([0, ...Array.from({ length: 53 }, (_, k) => 2 ** (k / 2 - 4))])

/** Work whose vCPU differ by less than a factor of two is of one size. */
export const SIZES = 24
const SMALLEST_EXPONENT = -8

export const sizeOf = (cpu: number): number =>
  Math.max(0, Math.min(SIZES - 1, Math.floor(Math.log2(cpu) + 1e-9) - SMALLEST_EXPONENT))

/** Fractions of units do not add up exactly. */
export const ROUNDING = 1e-9

/** What an attempt takes of a back-end: one place, or as many units as it has vCPU. */
export type Unit = 'attempt' | 'vcpu'

/** vCPU that work takes at home: only clusters count them, and a function may have another number there. */
export const cpuAtHome = (spec: FunctionSpec): number => specFor(spec, 'kubernetes').cpu

export const unitsOf = (unit: Unit, cpu: number): number => (unit === 'attempt' ? 1 : cpu)

export interface Ending {
  /** Units given back by each of TIMES, on average. */
  ending: Float64Array
  /** The integral of that: unit-seconds that will have been usable by then. */
  usable: Float64Array
}

export interface Load {
  unit: Unit
  /** Units that may be taken at once. */
  capacity: number
  /** Units that nobody has taken; negative when it has shrunk under running attempts. */
  free: number
  /** The largest number of units that is free in one place, e.g. on one node. */
  largestFree: number
  /** Smaller work starts before larger work that does not fit yet. */
  overtaking: boolean
  /** Units of waiting work, by size. */
  waiting: ArrayLike<number>
  /** How many pieces of work wait, by size. */
  waitingCount: ArrayLike<number>
  /** Units x seconds of waiting work, by size. */
  waitingSeconds: ArrayLike<number>
  /** What those that run are expected to give back; worked out when it is asked for. */
  ending(): Ending
  /** Average run time of what runs and waits, seconds: the measure in which forecasts are corrected. */
  scale: number
}

/** How long work of one size really waited, as a line over how long it was expected to: `offset x scale + slope x raw`. */
export interface WaitCorrection {
  offset: number
  slope: number
}
