/** The little Markdown that generated parts are made of. */

/** Rows as a table, the first one as its head. */
export function table([head = [], ...body]: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}

/** A link to the heading of a map's keys, on another page or on the same one. */
export const link = (heading: string, page: string): string => `[\`${heading}\`](${page}#${anchor(heading)})`

/** The anchor that GitHub gives a heading. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\- _]/gu, '')
    .replaceAll(' ', '-')
