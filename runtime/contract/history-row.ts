/**
 * The past as rows, one for each invocation that has ended: `spillway history export` writes them, `spillway simulate`
 * plays them again. As CSV with the names of the columns in the first line, or as JSON with one object a line.
 */
import { Type, type Static } from '@sinclair/typebox'
import { BACKEND_NAMES } from './function-spec.js'
import { oneOf } from './schema.js'

const time = (description: string) => Type.String({ description: `${description}, ISO 8601` })

/** Columns in their order. */
export const HistoryRowSchema = Type.Object({
  id: Type.String({ description: 'of the invocation' }),
  function: Type.String({ description: 'full name' }),
  state: oneOf(['succeeded', 'failed', 'cancelled'], { description: 'how it ended' }),
  accepted: time('when it was recorded'),
  started: Type.Union([time('when its last attempt started'), Type.Null()], { description: 'null: it never ran' }),
  ended: time('when it ended'),
  backend: Type.Union([oneOf(BACKEND_NAMES, { description: 'where its last attempt ran' }), Type.Null()], {
    description: 'null: it never ran',
  }),
  attempts: Type.Integer({ description: 'attempts that were started', minimum: 0 }),
  inputBytes: Type.Integer({ description: 'size of its input, bytes', minimum: 0 }),
  cpu: Type.Number({ description: 'vCPU of its function', exclusiveMinimum: 0 }),
  memorySize: Type.Integer({ description: 'memory of its function, MB', minimum: 1 }),
  timeout: Type.Number({ description: 'limit of one attempt, seconds', exclusiveMinimum: 0 }),
  cost: Type.Number({ description: 'what all its attempts cost, USD', minimum: 0 }),
})

export type HistoryRow = Static<typeof HistoryRowSchema>

export const HISTORY_COLUMNS: readonly (keyof HistoryRow)[] = Object.freeze(
  Object.keys(HistoryRowSchema.properties) as (keyof HistoryRow)[],
)

export const historyCsvHeader = (): string => HISTORY_COLUMNS.join(',')

/** One line of CSV without its end, https://www.rfc-editor.org/rfc/rfc4180; null is an empty cell. */
export const historyCsvLine = (row: HistoryRow): string => HISTORY_COLUMNS.map((column) => cell(row[column])).join(',')

function cell(value: string | number | null): string {
  const text = String(value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
