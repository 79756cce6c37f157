/** Work that would only be taken to be given back: its input lies where nothing can be had now. */
import type { Away } from '../database.js'
import { SAY_WHY, waits } from './rows.js'
import type { Write } from './statement.js'

/** Most at once, so that nobody waits long for the transaction. */
const MOST = 1000

/** As the place is written in the text of an input, in which quotes inside of names are escaped. */
const LIES_THERE = "replace(input, ?, '') <> input"

export function setAside({ function: name, release, place, why, notBefore, now }: Away): Write<number> {
  const parts = Object.entries(place).map(([key, value]) => `"${key}":${JSON.stringify(value)}`)
  const sql = `
    UPDATE invocations SET not_before = ?, ${SAY_WHY}
    WHERE id IN (SELECT id FROM invocations WHERE function = ? AND release = ? AND phase = 'ready'
      AND ${parts.map(() => LIES_THERE).join(' AND ')} LIMIT ${MOST})`
  return {
    statements: [{ sql, values: [notBefore, ...waits(now, why), name, release, ...parts] }],
    read: ([answer]) => answer!.changes,
  }
}
