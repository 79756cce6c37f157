/** Brings a file to the form that this version of Spillway writes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Connection } from './connection.js'

const MIGRATIONS = join(__dirname, '..', 'migrations')

/** Applies, in one transaction, the numbered files that the database has not seen; its number is its `user_version`. */
export function migrate(connection: Connection, path: string, directory = MIGRATIONS): void {
  const files = readdirSync(directory)
    .filter((name) => /^\d{4}\.sql$/.test(name))
    .toSorted()
  const version = connection.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
  if (version > files.length) throw tooNew({ path, version, known: files.length })
  if (version === files.length) return
  const scripts = files.slice(version).map((name) => readFileSync(join(directory, name), 'utf8'))
  connection.exec('BEGIN IMMEDIATE')
  try {
    scripts.forEach((script) => connection.exec(script))
    connection.exec(`PRAGMA user_version = ${files.length}`)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    throw error
  }
}

const tooNew = ({ path, version, known }: { path: string; version: number; known: number }) =>
  new SpillwayError(
    'not-available',
    `${path} has format ${version}, and this version of Spillway knows formats up to ${known}. ` +
      'Start the newer Spillway that wrote it, or give this one a database of its own.',
  )
