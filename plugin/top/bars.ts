/** Numbers as blocks. Pure. */

const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** The course of a number over some columns; what does not fit is drawn together, at its highest. */
export function course(values: readonly number[], width: number, max: number): string {
  const perColumn = Math.max(1, Math.ceil(values.length / width))
  const columns = Array.from({ length: Math.ceil(values.length / perColumn) }, (_, column) =>
    Math.max(...values.slice(column * perColumn, (column + 1) * perColumn)),
  )
  return columns.map((value) => blockOf(value, max)).join('')
}

function blockOf(value: number, max: number): string {
  if (value <= 0 || max <= 0) return ' '
  return EIGHTHS[Math.min(7, Math.ceil((value / max) * 8) - 1)]!
}

/** `███··`: so many of so many, a cell for each where there is room. */
export function meter(value: number, of: number, cells: number): string {
  const width = Math.min(of, cells)
  const filled = of === 0 ? 0 : Math.min(width, Math.ceil((value / of) * width))
  return '█'.repeat(filled) + '·'.repeat(width - filled)
}
