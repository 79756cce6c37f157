/** The few shapes that plots are made of, as SVG. Pure. */

export interface Box {
  left: number
  top: number
  width: number
  height: number
}

export const COLOURS = Object.freeze({
  private: '#2f6f9f',
  public: '#e07b39',
  waiting: '#9aa5b1',
  ink: '#1f2933',
  faint: '#e4e7eb',
  series: Object.freeze(['#2f6f9f', '#e07b39', '#3d8b5f', '#8a5a9e', '#b0413e', '#7b8794']),
})

const FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'

export const svg = (width: number, height: number, body: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT} font-size="12" fill="${COLOURS.ink}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    '</svg>\n',
  ].join('\n')

export interface TextStyle {
  anchor?: 'start' | 'middle' | 'end'
  size?: number
  weight?: 'bold'
  fill?: string
  /** Degrees. */
  turned?: number
}

export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { anchor = 'start', size, weight, fill, turned } = style
  const more = [
    size ? ` font-size="${size}"` : '',
    weight ? ` font-weight="${weight}"` : '',
    fill ? ` fill="${fill}"` : '',
    turned === undefined ? '' : ` transform="rotate(${turned} ${round(x)} ${round(y)})"`,
  ].join('')
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more}>${escaped(words)}</text>`
}

export type Point = readonly [x: number, y: number]

export const line = (from: Point, to: Point, stroke: string): string =>
  `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" stroke="${stroke}"/>`

export const path = (points: readonly Point[], style: string): string => `<path d="${route(points)}" ${style}/>`

/** Straight up and straight along is written shorter; a long timeline is mostly that. */
function route(points: readonly Point[]): string {
  let before: Point = [Number.NaN, Number.NaN]
  const words = points.map(([x, y], index) => {
    const [left, top] = before
    const at: Point = [round(x), round(y)]
    before = at
    if (index === 0) return `M${at[0]} ${at[1]}`
    if (at[0] === left) return at[1] === top ? '' : `V${at[1]}`
    return at[1] === top ? `H${at[0]}` : `L${at[0]} ${at[1]}`
  })
  return words.join('')
}

/** With a text that is shown when the pointer rests on it. */
export const dot = ([x, y]: Point, radius: number, style: string, title: string): string =>
  `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" ${style}><title>${escaped(title)}</title></circle>`

export const square = ([x, y]: Point, size: number, fill: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${size}" height="${size}" fill="${fill}"/>`

/** A tenth of a point is finer than any screen. */
const round = (value: number) => Math.round(value * 10) / 10

export const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
