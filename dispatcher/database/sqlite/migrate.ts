/** Brings a file to the form that this version of Spillway writes. */
import { migrationsAfter, migrationsOf } from '../migrations.js'
import type { Connection } from './connection.js'

/** Applies, in one transaction, the numbered files that the database has not seen; its number is its `user_version`. */
export function migrate(connection: Connection, path: string, directory = migrationsOf('sqlite')): void {
  const seen = connection.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
  const { scripts, version } = migrationsAfter(seen, { name: path, directory })
  if (scripts.length === 0) return
  connection.exec('BEGIN IMMEDIATE')
  try {
    scripts.forEach((script) => connection.exec(script))
    connection.exec(`PRAGMA user_version = ${version}`)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    throw error
  }
}
