/** Axes: from numbers to places on paper, and the round numbers that are written beside them. Pure. */

export interface Scale {
  min: number
  max: number
  ticks: { value: number; text: string }[]
}

const TICKS = 6
const ROUND = [1, 2, 2.5, 5, 10]

/** From 0 to a little over `max`. */
export function numberScale(max: number, format: (value: number) => string): Scale {
  const rough = Math.max(max, 1e-12) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ROUND.find((factor) => factor * power >= rough * 0.999)!
  return scaleOf(step, max, format)
}

const SPANS: readonly [seconds: number, unit: number, name: string][] = [
  [1, 1, 's'],
  [5, 1, 's'],
  [15, 1, 's'],
  [60, 60, 'min'],
  [300, 60, 'min'],
  [900, 60, 'min'],
  [3600, 3600, 'h'],
  [7200, 3600, 'h'],
  [21_600, 3600, 'h'],
  [43_200, 3600, 'h'],
  [86_400, 86_400, 'd'],
  [172_800, 86_400, 'd'],
  [604_800, 86_400, 'd'],
  [2_592_000, 86_400, 'd'],
]

/** The same for seconds, with the steps that clocks have. */
export function timeScale(max: number): Scale {
  const found = SPANS.find(([seconds]) => max / seconds <= 2 * TICKS) ?? SPANS.at(-1)!
  const [step, unit, name] = found
  if (max / step < TICKS / 2) return fineTimeScale(max, unit, name)
  return scaleOf(step, max, (seconds) => `${seconds / unit} ${name}`)
}

function fineTimeScale(max: number, unit: number, name: string): Scale {
  const { max: end, ticks } = numberScale(max / unit, (value) => `${value} ${name}`)
  return { min: 0, max: end * unit, ticks: ticks.map(({ value, text }) => ({ value: value * unit, text })) }
}

function scaleOf(step: number, max: number, format: (value: number) => string): Scale {
  const count = Math.max(1, Math.ceil(max / step - 1e-9))
  const ticks = Array.from({ length: count + 1 }, (_, index) => {
    const value = Number((index * step).toPrecision(12))
    return { value, text: format(value) }
  })
  return { min: 0, max: count * step, ticks }
}

/** Only as much of it as there is something to see, from a tick on. */
export function cutTo({ ticks }: Scale, from: number, to: number): Scale {
  const min = Math.max(0, ...ticks.map(({ value }) => value).filter((value) => value <= from))
  return { min, max: to, ticks: ticks.filter(({ value }) => value >= min && value <= to) }
}
