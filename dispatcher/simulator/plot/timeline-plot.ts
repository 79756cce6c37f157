/** Work over time: what runs on private back-ends, what runs on public ones, and what waits, one upon the other. Pure. */
import { formatSeconds } from '../../../runtime/contract/units.js'
import type { Timeline } from '../timeline.js'
import { frameOf, placeIn, type Frame } from './frame.js'
import { cutTo, numberScale, timeScale } from './scale.js'
import { COLOURS, path, square, text, type Box, type Point } from './svg.js'

const LAYERS = [
  { key: 'private', name: 'private', colour: COLOURS.private },
  { key: 'public', name: 'public', colour: COLOURS.public },
  { key: 'waiting', name: 'waiting', colour: COLOURS.waiting },
] as const

export interface TimelinePlot {
  timeline: Timeline
  /** Units of the private side. */
  capacity: number
  /** The policy that it is of. */
  name: string
}

export function timelinePlot(box: Box, { timeline, capacity, name }: TimelinePlot): string[] {
  const tops = stacked(timeline)
  const highest = Math.max(capacity, ...tops.at(-1)!)
  const end = timeline.step * timeline.waiting.length
  const frame: Frame = {
    box,
    x: cutTo(timeScale(end), 0, end),
    y: numberScale(highest, (value) => String(value)),
  }
  const titles = {
    title: `Work over time: ${name}`,
    x: `time since the first arrival, averages over ${formatSeconds(timeline.step)}`,
    y: 'units',
  }
  const grid = frameOf(frame, titles)
  const areas = LAYERS.map(({ colour }, index) => {
    const below = index === 0 ? tops[0]!.map(() => 0) : tops[index - 1]!
    return path(outline(frame, timeline.step, below, tops[index]!), `fill="${colour}"`)
  })
  const ends = [placeIn(frame, 0, capacity), placeIn(frame, frame.x.max, capacity)]
  return [
    ...grid,
    ...areas,
    path(ends, `stroke="${COLOURS.ink}" stroke-width="1" stroke-dasharray="4 3"`),
    ...legend(box),
  ]
}

/** For each layer how high it reaches with those below it. */
function stacked(timeline: Timeline): Float64Array[] {
  let below = new Float64Array(timeline.waiting.length)
  return LAYERS.map(({ key }) => (below = timeline[key].map((value, part) => value + below[part]!)))
}

/** Once along the top and back along the bottom, in steps. */
function outline(frame: Frame, step: number, below: Float64Array, above: Float64Array): Point[] {
  const edge = (values: Float64Array) =>
    [...values].flatMap((value, part) => [placeIn(frame, part * step, value), placeIn(frame, (part + 1) * step, value)])
  return [...edge(above), ...edge(below).reverse()]
}

function legend({ left, top, width }: Box): string[] {
  const names = [...LAYERS.map(({ name, colour }) => ({ name, colour })), { name: 'private capacity', colour: '' }]
  return names.flatMap(({ name, colour }, index) => {
    const x = left + width - 90 * (names.length - index) - 30
    const mark = colour
      ? square([x, top - 27], 10, colour)
      : path(
          [
            [x - 4, top - 22],
            [x + 10, top - 22],
          ],
          `stroke="${COLOURS.ink}" stroke-dasharray="4 3"`,
        )
    return [mark, text(x + 15, top - 18, name)]
  })
}
