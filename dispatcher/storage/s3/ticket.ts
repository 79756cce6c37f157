/** What `publish` needs to know of a result, kept by others as text, perhaps for long: nothing in it is trusted. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { ObjectRef } from '../object-store.js'

export interface Ticket extends ObjectRef {
  attempt: string
  /** Id of the multipart upload. */
  upload: string
  /** Pieces that must be there. */
  parts: number
}

export const ticketOf = ({ attempt, upload, bucket, key, parts }: Ticket): string =>
  JSON.stringify({ attempt, upload, bucket, key, parts })

/** Throws `output-refused` for a text that no `stage` has written. */
export function readTicket(storage: string, text: string): Ticket {
  const { attempt, upload, bucket, key, parts } = parse(text)
  const areTexts = [attempt, upload, bucket, key].every((value) => typeof value === 'string' && value !== '')
  if (areTexts && Number.isSafeInteger(parts) && (parts as number) > 0)
    return { attempt, upload, bucket, key, parts } as Ticket
  const advice = 'the record of the attempt is damaged; run the invocation again'
  throw new SpillwayError(
    'output-refused',
    `${storage}: a staged result cannot be found by ${JSON.stringify(text.slice(0, 200))}; ${advice}`,
  )
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
