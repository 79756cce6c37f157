/** Picks the driver by the URL of the configuration. The only place that knows them all. */
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { Database } from './database.js'
import { openPostgres } from './postgres.js'
import { isPostgresUrl } from './postgres/address.js'
import { openSqlite } from './sqlite.js'

export interface OpenDatabase {
  password?: string
  /** The same for all dispatchers that may have the database open at once, where it lets several in. */
  team?: string
}

/** `sqlite:./spillway.db` (relative to the working directory), or `postgres://user@host/database`. */
export async function openDatabase(url: string, { password, team }: OpenDatabase = {}): Promise<Database> {
  if (isPostgresUrl(url)) return openPostgres(url, { password, team })
  const path = /^sqlite:(?!\/\/)(.+)$/.exec(url)?.[1]
  if (path === undefined) throw unknownUrl(url)
  return openSqlite(path)
}

const unknownUrl = (url: string) =>
  new SpillwayError(
    'invalid-configuration',
    `database must be sqlite: and a path, or postgres://user@host/database, got ${JSON.stringify(withoutPassword(url))}. ` +
      'Write sqlite:./spillway.db.',
  )

const withoutPassword = (url: string) => url.replace(/\/\/.*@/s, '//***@')
