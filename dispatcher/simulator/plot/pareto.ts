/** Cost against completion time, a line for each policy: what is further left and further down is better. Pure. */
import { formatSeconds, formatUsd } from '../../../runtime/contract/units.js'
import type { Summary } from '../summary.js'
import { frameOf, placeIn, type Frame } from './frame.js'
import { cutTo, numberScale, timeScale, type Scale } from './scale.js'
import { COLOURS, dot, path, square, text, type Box } from './svg.js'

export interface Series {
  name: string
  /** In the order of the sweep. */
  points: SeriesPoint[]
}

export interface SeriesPoint {
  /** The value of the sweep, or nothing for a policy as it was written. */
  label: string
  summary: Summary
}

/** `sweptKey`: what the small points say the value of. */
export function pareto(box: Box, series: readonly Series[], sweptKey?: string): string[] {
  const all = series.flatMap(({ points }) => points.map(({ summary }) => summary))
  const frame: Frame = {
    box,
    x: timeAxis(all.map(({ meanSeconds }) => meanSeconds)),
    y: numberScale(Math.max(...all.map(({ cost }) => cost)), (value) => String(value)),
  }
  const titles = { title: 'Cost against completion time', x: 'mean time from arrival to end', y: 'cost, USD' }
  return [
    ...frameOf(frame, titles),
    ...series.flatMap((one, index) => lineOf(frame, one, colourOf(index))),
    ...legend(box, series),
    ...(sweptKey === undefined ? [] : [keyNote(box, sweptKey)]),
  ]
}

/** Room is left at the right for what is written beside the last point. */
function timeAxis(seconds: readonly number[]): Scale {
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)]
  const room = 0.06 * (most - least) || most
  return cutTo(timeScale(most + room), Math.max(0, least - room), most + room)
}

const keyNote = ({ left, top, width }: Box, sweptKey: string) =>
  text(left + width, top - 18, `small: ${sweptKey}, large: as it is`, { anchor: 'end' })

const colourOf = (index: number) => COLOURS.series[index % COLOURS.series.length]!

function lineOf(frame: Frame, { name, points }: Series, colour: string): string[] {
  const swept = points.filter(({ label }) => label !== '')
  const at = ({ summary }: SeriesPoint) => placeIn(frame, summary.meanSeconds, summary.cost)
  return [
    ...(swept.length > 1 ? [path(swept.map(at), `fill="none" stroke="${colour}" stroke-width="1.5"`)] : []),
    ...points.flatMap((point) => {
      const [x, y] = at(point)
      const words = `${name} ${point.label}: ${formatUsd(point.summary.cost)}, ${formatSeconds(point.summary.meanSeconds)}`
      if (point.label === '') return [dot([x, y], 6, `fill="${colour}" stroke="#ffffff" stroke-width="1.5"`, words)]
      return [dot([x, y], 3, `fill="${colour}"`, words), text(x + 6, y - 5, point.label, { size: 10, fill: colour })]
    }),
  ]
}

function legend({ left, top, width }: Box, series: readonly Series[]): string[] {
  return series.flatMap(({ name }, index) => [
    text(left + width - 18, top + 12 + 18 * index, name, { anchor: 'end' }),
    square([left + width - 12, top + 2 + 18 * index], 10, colourOf(index)),
  ])
}
