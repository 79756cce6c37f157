/** What was played as one picture: cost against completion time where there is a sweep or a choice, then work over time. Pure. */
import type { Plays } from '../play.js'
import { pareto, type Series } from './pareto.js'
import { escaped, svg, type Box } from './svg.js'
import { timelinePlot } from './timeline-plot.js'

const WIDTH = 860
const PLOT_HEIGHT = 400
const MARGIN = { left: 76, right: 30, top: 46, bottom: 54 }

export interface Picture {
  plays: Plays
  /** Units of the private side. */
  capacity: number
  sweptKey?: string
}

export function pictureOf({ plays, capacity, sweptKey }: Picture): string {
  const { played, timeline } = plays
  const first = played[0]!
  const plots = [
    ...(played.length > 1 ? [(box: Box) => pareto(box, seriesOf(plays), sweptKey)] : []),
    (box: Box) => timelinePlot(box, { timeline, capacity, name: `${first.policy}, ${first.knowledge}` }),
  ]
  return svg(
    WIDTH,
    plots.length * PLOT_HEIGHT,
    plots.flatMap((plot, index) => plot(boxOf(index))),
  )
}

const boxOf = (index: number): Box => ({
  left: MARGIN.left,
  top: index * PLOT_HEIGHT + MARGIN.top,
  width: WIDTH - MARGIN.left - MARGIN.right,
  height: PLOT_HEIGHT - MARGIN.top - MARGIN.bottom,
})

function seriesOf({ played }: Plays): Series[] {
  const series = new Map<string, Series>()
  for (const { policy, knowledge, value = '', summary } of played) {
    const name = `${policy}, ${knowledge}`
    const one = series.get(name) ?? { name, points: [] }
    one.points.push({ label: value, summary })
    series.set(name, one)
  }
  return [...series.values()]
}

/** A page of its own, with the table beside the picture. */
export const pageOf = (title: string, picture: string, table: readonly string[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>body { font-family: system-ui, sans-serif; margin: 2em auto; max-width: 56em; color: #1f2933 } pre { overflow-x: auto }</style>
<h1>${escaped(title)}</h1>
<pre>${escaped(table.join('\n'))}</pre>
${picture}</html>
`
