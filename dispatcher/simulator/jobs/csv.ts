/** Reads CSV, https://www.rfc-editor.org/rfc/rfc4180, and remembers where each line began. Pure. */

export interface CsvLine {
  /** Of the text, from 1; cells may go over several. */
  line: number
  cells: string[]
}

export interface CsvFault {
  line: number
  what: string
}

const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y

/** Empty lines are left out. Ends with the fault at the first character that cannot be read. */
export function* readCsv(text: string): Generator<CsvLine, CsvFault | undefined> {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const cells: string[] = []
    const begin = line
    for (let end = ','; end === ',';) {
      CELL.lastIndex = at
      const match = CELL.exec(text)
      if (!match) return { line, what: `column ${cells.length + 1}: a quote that does not enclose the whole cell` }
      const [all, quoted, plain, mark] = match
      cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
      if (quoted !== undefined) line += linesIn(quoted)
      at += all.length
      end = mark!
    }
    line++
    if (cells.length > 1 || cells[0] !== '') yield { line: begin, cells }
  }
  return undefined
}

const linesIn = (text: string) => text.split(/\r\n|\n|\r/).length - 1
