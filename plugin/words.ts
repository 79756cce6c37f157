/** How invocations are said to people: short, in the words of the dictionary. */
import type { InvocationInput, InvocationRecord, InvocationSummary } from '../runtime/contract/dispatcher-api.js'
import { formatLocation } from '../runtime/contract/location.js'
import { baseName } from '../runtime/contract/object-event.js'
import { formatBytes, formatSeconds } from '../runtime/contract/units.js'

/** The last characters of an id: the first ones of a UUIDv7 are the time, and the same for all of a minute. */
export const shortId = (id: string): string => id.slice(-8)

/** `cat.jpg`, or `request (17 B)`. */
export const inputName = (input: InvocationInput): string =>
  input.kind === 'object' ? baseName(input.event.key) : `request (${formatBytes(input.size)})`

/** `lake://in/cat.jpg (5.1 kB)`, or `request (17 B, application/json)`. */
export function inputPlace(input: InvocationInput): string {
  if (input.kind === 'request') return `request (${formatBytes(input.size)}, ${input.contentType})`
  const { storage, bucket, key, size } = input.event
  return `${formatLocation({ storage, bucket, prefix: key })} (${formatBytes(size)})`
}

/** Seconds from acceptance to end; empty while it has not ended. */
export const tookTime = ({ acceptedAt, endedAt }: Pick<InvocationSummary, 'acceptedAt' | 'endedAt'>): string =>
  endedAt === undefined ? '' : formatSeconds((endedAt - acceptedAt) / 1000)

export const outputPlace = ({ storage, bucket, key }: InvocationRecord['outputs'][number]): string =>
  formatLocation({ storage, bucket, prefix: key })

/** Where the results are, short enough for one line. */
export function outputSummary(outputs: InvocationRecord['outputs']): string {
  const [first, ...rest] = outputs
  if (!first) return ''
  return rest.length === 0 ? outputPlace(first) : `${outputPlace(first)} and ${rest.length} more`
}

/** `timeout: the script took longer than 300 s` */
export const failureText = ({
  state,
  cause,
  message,
}: Pick<InvocationSummary, 'state' | 'cause' | 'message'>): string =>
  [state === 'cancelled' ? 'cancelled' : cause, message].filter(Boolean).join(': ') || state

/** Local time of day, or the date too where it is another day: `14:03:07`. */
export function clockTime(time: number, now: number): string {
  const text = new Date(time).toISOString()
  return text.slice(0, 10) === new Date(now).toISOString().slice(0, 10)
    ? text.slice(11, 19)
    : `${text.slice(0, 10)} ${text.slice(11, 19)}`
}

/** Rows as text in columns; the last one is not padded. */
export function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
