/** Registers a release, unless it is the current one. */
import { isDeepStrictEqual } from 'node:util'
import type { Release } from '../../../runtime/contract/release.js'
import type { NewRelease } from '../database.js'
import { currentRelease } from '../sql/functions.js'
import type { Connection } from './connection.js'
import { read } from './run.js'

export function putRelease(connection: Connection, given: NewRelease): { release: Release; created: boolean } {
  const current = read(connection, currentRelease(given.function))
  if (current && isSame(current, given)) return { release: current, created: false }
  const next: Release = {
    function: given.function,
    number: newestNumber(connection, given.function) + 1,
    spec: given.spec,
    packageDigest: given.packageDigest,
    createdAt: given.now,
  }
  insertRelease(connection, next, given.package)
  return { release: next, created: true }
}

/** The order of keys does not make another spec. */
const isSame = (current: Release, given: NewRelease): boolean =>
  current.packageDigest === given.packageDigest &&
  isDeepStrictEqual(current.spec, JSON.parse(JSON.stringify(given.spec)))

function newestNumber(connection: Connection, name: string): number {
  const sql = 'SELECT coalesce(max(number), 0) AS number FROM releases WHERE function = ?'
  return connection.get<{ number: number }>(sql, [name])!.number
}

function insertRelease(connection: Connection, next: Release, content: Buffer): void {
  connection.run('INSERT INTO packages (digest, content) VALUES (?, ?) ON CONFLICT DO NOTHING', [
    next.packageDigest,
    content,
  ])
  connection.run(
    `INSERT INTO functions (name, current_release) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET current_release = excluded.current_release, removed_at = NULL`,
    [next.function, next.number],
  )
  connection.run('INSERT INTO releases (function, number, spec, package_digest, created_at) VALUES (?, ?, ?, ?, ?)', [
    next.function,
    next.number,
    JSON.stringify(next.spec),
    next.packageDigest,
    next.createdAt,
  ])
}
