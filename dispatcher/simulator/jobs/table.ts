/** A job list as a table, whether it was written as CSV, as JSON with one object a line, or as one JSON list. Pure. */
import { isRecord } from '../../../runtime/contract/read-schema.js'
import { readCsv } from './csv.js'

export interface Table {
  names: string[]
  rows: Iterable<Row>
}

export interface Row {
  /** Where it stands, for people: `line 12`. */
  place: string
  cells: readonly string[]
}

/** What cannot be read at all; the rest of the list is not looked at. */
export class TableFault extends Error {}

export function readTable(text: string): Table {
  const start = text.trimStart()
  if (start.startsWith('[')) return objectTable(listed(start))
  return start.startsWith('{') ? objectTable(lines(text)) : csvTable(text)
}

function csvTable(text: string): Table {
  const lines = csvLines(text)
  const header = lines.next()
  return header.done ? { names: [], rows: [] } : { names: [...header.value.cells], rows: lines }
}

function* csvLines(text: string): Generator<Row> {
  const reading = readCsv(text)
  for (let next = reading.next(); ; next = reading.next()) {
    if (next.done && next.value) throw new TableFault(`line ${next.value.line}, ${next.value.what}`)
    if (next.done) return
    yield { place: `line ${next.value.line}`, cells: next.value.cells }
  }
}

interface Element {
  place: string
  value: unknown
}

function objectTable(elements: Iterable<Element>): Table {
  const all = [...elements]
  const names = Object.keys(all[0]?.value ?? {})
  return { names, rows: all.map((element) => objectRow(element, names)) }
}

function objectRow({ place, value }: Element, names: readonly string[]): Row {
  if (!isRecord(value)) throw new TableFault(`${place}: must be an object, got ${JSON.stringify(value)}`)
  return { place, cells: names.map((name) => cell(Object.hasOwn(value, name) ? value[name] : undefined)) }
}

const cell = (value: unknown) => (typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value))

function listed(text: string): Element[] {
  const values = parsed(text, 'the list') as unknown[]
  return values.map((value, index) => ({ place: `element ${index + 1}`, value }))
}

function lines(text: string): Element[] {
  return text
    .split('\n')
    .map((line, index) => ({ place: `line ${index + 1}`, line }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ place, line }) => ({ place, value: parsed(line, place) }))
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw new TableFault(`${place} is not JSON: ${(thrown as Error).message}`)
  }
}
