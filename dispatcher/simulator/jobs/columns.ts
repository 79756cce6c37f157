/** What the columns of a job list mean. Names are compared without case, `_` and `-`; a unit may follow: `arrival_h`. Pure. */
import { parseSeconds } from '../../../runtime/contract/units.js'

export type Column =
  'arrival' | 'runtime' | 'started' | 'ended' | 'units' | 'function' | 'inputBytes' | 'memorySize' | 'timeout'

export interface ColumnMeaning {
  column: Column
  /** Undefined: it is not `expected`. */
  read(text: string): number | string | undefined
  expected: string
}

const TIME_UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86_400 }
const SIZE_UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, bytes: 1 }

const NAMES: Readonly<Record<Column, readonly string[]>> = {
  arrival: ['arrival', 'accepted', 'submitted', 'submit'],
  runtime: ['runtime', 'duration'],
  started: ['started', 'start'],
  ended: ['ended', 'end'],
  units: ['units', 'gpus', 'gpu', 'cpu', 'cpus', 'vcpu', 'vcpus', 'cores'],
  function: ['function'],
  inputBytes: ['input', 'inputsize'],
  memorySize: ['memorysize', 'memory'],
  timeout: ['timeout'],
}

/** Undefined: the name means nothing here. */
export function meaningOf(name: string): ColumnMeaning | undefined {
  const plain = name.trim().toLowerCase().replaceAll(/[-_ ]/g, '')
  for (const column of Object.keys(NAMES) as Column[])
    for (const known of NAMES[column]) {
      const unit = plain.startsWith(known) ? plain.slice(known.length) : undefined
      const meaning = unit === undefined ? undefined : READERS[column](unit)
      if (meaning) return { column, ...meaning }
    }
  return undefined
}

type Reader = Pick<ColumnMeaning, 'read' | 'expected'> | undefined

const READERS: Readonly<Record<Column, (unit: string) => Reader>> = {
  arrival: moment,
  started: moment,
  ended: moment,
  runtime: span,
  timeout: span,
  units: (unit) => (unit === '' ? { read: positive, expected: 'must be a number over 0' } : undefined),
  function: (unit) =>
    unit === '' ? { read: (text) => (text === '' ? undefined : text), expected: 'must be a name' } : undefined,
  inputBytes: size,
  memorySize: (unit) =>
    unit === '' || unit === 'mb' ? { read: positive, expected: 'must be a number of MB over 0' } : undefined,
}

function span(unit: string): Reader {
  const factor = TIME_UNITS[unit || 's']
  if (factor === undefined) return undefined
  const expected = unit === '' ? 'must be seconds or a duration such as 90s' : `must be a number of ${unit}, 0 or more`
  return {
    read: (text) => notNegative(scaled(text, factor) ?? (unit === '' ? parseSeconds(text) : undefined)),
    expected,
  }
}

/** A time of day is given in seconds since 1970, other numbers since the beginning of the list. */
function moment(unit: string): Reader {
  const length = span(unit)
  if (!length || unit !== '') return length
  const read = (text: string) => (isDate(text) ? Date.parse(text) / 1000 : length.read(text))
  return { read, expected: 'must be a time (2026-08-01T10:00:00Z) or seconds since the beginning' }
}

const isDate = (text: string) => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))

function size(unit: string): Reader {
  const factor = SIZE_UNITS[unit || 'b']
  if (factor === undefined) return undefined
  return { read: (text) => notNegative(scaled(text, factor)), expected: 'must be a number of bytes, 0 or more' }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function scaled(text: string, factor: number): number | undefined {
  const value = NUMBER.test(text.trim()) ? Number(text) * factor : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

const notNegative = (value: number | string | undefined) =>
  typeof value === 'number' && value >= 0 ? value : undefined

function positive(text: string): number | undefined {
  const value = scaled(text, 1)
  return value !== undefined && value > 0 ? value : undefined
}
