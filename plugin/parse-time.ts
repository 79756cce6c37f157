/** Times on the command line as the framework's own commands take them. */
import { SpillwayError } from '../runtime/contract/errors.js'
import { parseSeconds } from '../runtime/contract/units.js'

/** Numbers below it are epoch seconds, from it on milliseconds: it is the year 33658 or 2001. */
const EPOCH_MILLISECONDS_MIN = 1e12

/** `5m` ago, an ISO time (UTC unless it says otherwise) or a Unix time; in epoch milliseconds. */
export function parseTime(text: string, { option, now }: { option: string; now: number }): number {
  const time = read(text, now)
  if (Number.isFinite(time)) return time
  throw new SpillwayError(
    'invalid-request',
    `--${option} must be a time ago (30m, 2h), an ISO time or a Unix time, got ${JSON.stringify(text)}.`,
  )
}

function read(text: string, now: number): number {
  if (/^[0-9]{9,}$/.test(text)) return Number(text) * (Number(text) < EPOCH_MILLISECONDS_MIN ? 1000 : 1)
  const ago = /[a-z]$/.test(text) ? parseSeconds(text) : undefined
  return ago === undefined ? Date.parse(hasNoOffset(text) ? `${text}Z` : text) : now - ago * 1000
}

const hasNoOffset = (text: string) => /T[0-9:.]+$/.test(text)
