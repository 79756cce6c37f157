/** Runs benchmarks, prints their figures and says which bars they missed. */
import type { Bench, Figure } from './figure.js'

export interface RunBenches {
  benches: readonly Bench[]
  json: boolean
  write(text: string): void
}

/** The figures that missed their bars. */
export async function runBenches({ benches, json, write }: RunBenches): Promise<Figure[]> {
  const missed: Figure[] = []
  for (const bench of benches) {
    if (!json) write(heading(bench))
    for (const figure of await bench.run()) {
      write(json ? `${JSON.stringify(figure)}\n` : line(figure))
      if (!figure.ok) missed.push(figure)
    }
  }
  return missed
}

export const heading = ({ name, about }: Bench): string => `\n${name}: ${about}\n`

export const complaint = (missed: readonly Figure[]): string =>
  `${missed.length} missed: ${missed.map(({ name, value, ratio, unit, bar }) => `${name} (${ratio ?? `${value} ${unit}`}, ${bar})`).join('; ')}\n`

function line({ name, value, unit, yardstick, ratio, bar, ok }: Figure): string {
  const compared = yardstick === null ? '' : `  beside ${yardstick} ${unit} (ratio ${ratio})`
  return `  ${ok ? '✔' : '✘'} ${name.padEnd(44)} ${String(value).padStart(8)} ${unit}${compared}  [${bar}]\n`
}
