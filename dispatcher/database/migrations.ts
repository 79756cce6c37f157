/** Numbered files of SQL that bring a database to the form that this version of Spillway writes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SpillwayError } from '../../runtime/contract/errors.js'

export type Dialect = 'sqlite' | 'postgres'

export const migrationsOf = (dialect: Dialect): string => join(__dirname, 'migrations', dialect)

export interface Migrations {
  /** What the database has not seen yet, in order. */
  scripts: string[]
  /** Its number afterwards. */
  version: number
}

/** `name` is the database's, for people; `version` is how many files it has seen. */
export function migrationsAfter(version: number, { name, directory }: { name: string; directory: string }): Migrations {
  const files = readdirSync(directory)
    .filter((file) => /^\d{4}\.sql$/.test(file))
    .toSorted()
  if (version > files.length) throw tooNew({ name, version, known: files.length })
  return {
    scripts: files.slice(version).map((file) => readFileSync(join(directory, file), 'utf8')),
    version: files.length,
  }
}

const tooNew = ({ name, version, known }: { name: string; version: number; known: number }) =>
  new SpillwayError(
    'not-available',
    `${name} has format ${version}, and this version of Spillway knows formats up to ${known}. ` +
      'Start the newer Spillway that wrote it, or give this one a database of its own.',
  )
