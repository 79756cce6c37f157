/** One measured figure beside what it is compared with, measured in the same run. */

export interface Figure {
  name: string
  value: number
  unit: string
  /** What it is compared with, in the same unit; null where the bar is a plain number. */
  yardstick: number | null
  /** value / yardstick; null without a yardstick. */
  ratio: number | null
  /** What must hold, in words. */
  bar: string
  ok: boolean
}

export interface Bench {
  name: string
  /** What it does, for people. */
  about: string
  run(): Promise<Figure[]>
}

/** No figures, and why; said beside the figures, which programs may read. */
export function skipped(why: string): Figure[] {
  process.stderr.write(`  skipped: ${why}\n`)
  return []
}

interface Measured {
  name: string
  value: number
  unit: string
  yardstick?: number
}

type Bar = { atLeast: number } | { atMost: number } | { ratioAtLeast: number } | { ratioAtMost: number }

export function figure({ name, value, unit, yardstick }: Measured, bar: Bar): Figure {
  const ratio = yardstick === undefined ? null : value / yardstick
  const [word, limit] = Object.entries(bar)[0] as [string, number]
  const measured = word.startsWith('ratio') ? (ratio ?? Number.NaN) : value
  return {
    name,
    value: round(value),
    unit,
    yardstick: yardstick === undefined ? null : round(yardstick),
    ratio: ratio === null ? null : round(ratio),
    bar: `${word.startsWith('ratio') ? 'ratio ' : ''}${word.endsWith('Least') ? 'at least' : 'at most'} ${limit}${word.startsWith('ratio') ? '' : ` ${unit}`}`,
    ok: word.endsWith('Least') ? measured >= limit : measured <= limit,
  }
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** Three significant digits are more than a shared machine is good for. */
const round = (value: number) => Number(value.toPrecision(3))
