/** Where a page of the list ended, as a text that callers only hand back. */
import { SpillwayError } from '../../../runtime/contract/errors.js'

export const formatCursor = ({ accepted_at, seq }: { accepted_at: number; seq: number }): string =>
  Buffer.from(`${accepted_at}.${seq}`).toString('base64url')

/** Time of acceptance and place in the order of arrival of the last row. */
export function parseCursor(cursor: string): [acceptedAt: number, seq: number] {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!match) throw invalid(cursor)
  return [Number(match[1]), Number(match[2])]
}

const invalid = (cursor: string) =>
  new SpillwayError(
    'invalid-request',
    `cursor must be the one that came with the page before, got ${JSON.stringify(cursor.slice(0, 80))}. Leave it out to start at the newest.`,
  )
