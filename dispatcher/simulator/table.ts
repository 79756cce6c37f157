/** What was played, as a table for a terminal. Pure. */
import type { Played } from './play.js'

const HEADER = ['policy', 'knowing', 'USD', 'mean time', '99 of 100', 'in use', 'spilled', 'of the work']

export function tableOf(played: readonly Played[], sweptKey?: string): string[] {
  const rows = [HEADER, ...played.map((one) => cellsOf(one, sweptKey))]
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  )
}

function cellsOf({ policy, knowledge, value, summary }: Played, sweptKey: string | undefined): string[] {
  return [
    value === undefined ? policy : `  ${sweptKey} ${value}`,
    knowledge,
    summary.cost < 100 ? String(Number(summary.cost.toPrecision(3))) : summary.cost.toFixed(0),
    timeText(summary.meanSeconds),
    timeText(summary.p99Seconds),
    percent(summary.utilisation),
    percent(summary.spilled),
    percent(summary.spilledWork),
  ]
}

/** One unit and three or four digits, to be compared down a column. */
function timeText(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(2)} h`
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
