/** Picks the driver by the URL of the configuration. The only place that knows them all. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { Database } from './database.js'
import { openSqlite } from './sqlite.js'

/** `sqlite:./spillway.db` (relative to the working directory); `postgres://` is to come. */
export async function openDatabase(url: string): Promise<Database> {
  if (/^postgres(ql)?:/.test(url)) throw postgres()
  const path = /^sqlite:(?!\/\/)(.+)$/.exec(url)?.[1]
  if (path === undefined) throw unknownUrl(url)
  return openSqlite(path)
}

const postgres = () =>
  new SpillwayError(
    'not-available',
    'database: this version of Spillway keeps its record in SQLite only. Write sqlite:./spillway.db, on a disk of this machine.',
  )

const unknownUrl = (url: string) =>
  new SpillwayError(
    'invalid-configuration',
    `database must be sqlite: and a path, got ${JSON.stringify(withoutPassword(url))}. Write sqlite:./spillway.db.`,
  )

const withoutPassword = (url: string) => url.replace(/\/\/[^/]*@/, '//***@')
