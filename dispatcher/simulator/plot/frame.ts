/** A plot without its data: title, axes, grid. Pure. */
import type { Scale } from './scale.js'
import { COLOURS, line, text, type Box, type Point } from './svg.js'

export interface Frame {
  box: Box
  x: Scale
  y: Scale
}

export interface Titles {
  title: string
  x: string
  y: string
}

export function frameOf({ box, x, y }: Frame, titles: Titles): string[] {
  const { left, top, width, height } = box
  const bottom = top + height
  const across = y.ticks.flatMap(({ value, text: label }) => {
    const at = bottom - partOf(y, value) * height
    return [line([left, at], [left + width, at], COLOURS.faint), text(left - 8, at + 4, label, { anchor: 'end' })]
  })
  const along = x.ticks.map(({ value, text: label }) =>
    text(left + partOf(x, value) * width, bottom + 18, label, { anchor: 'middle' }),
  )
  return [
    text(left, top - 18, titles.title, { size: 14, weight: 'bold' }),
    ...across,
    ...along,
    line([left, bottom], [left + width, bottom], COLOURS.ink),
    text(left + width / 2, bottom + 38, titles.x, { anchor: 'middle' }),
    text(left - 52, top + height / 2, titles.y, { anchor: 'middle', turned: -90 }),
  ]
}

const partOf = ({ min, max }: Scale, value: number) => (max > min ? (value - min) / (max - min) : 0)

export const placeIn = ({ box, x, y }: Frame, across: number, up: number): Point => [
  box.left + partOf(x, across) * box.width,
  box.top + box.height - partOf(y, up) * box.height,
]
