/** Functions, their releases and packages. */
import { isDeepStrictEqual } from 'node:util'
import type { Release } from '../../../runtime/contract/release.js'
import type { NewRelease } from '../database.js'
import type { Connection } from './connection.js'
import { cancelWorkOf } from './cancel.js'
import { release, type ReleaseRow } from './rows.js'

const COLUMNS = 'r.function, r.number, r.spec, r.package_digest, r.created_at'
const CURRENT = `
  SELECT ${COLUMNS} FROM functions f JOIN releases r ON r.function = f.name AND r.number = f.current_release
  WHERE f.removed_at IS NULL`

export function putRelease(connection: Connection, given: NewRelease): { release: Release; created: boolean } {
  const current = currentRelease(connection, given.function)
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

export const currentReleases = (connection: Connection): Release[] =>
  connection.all<ReleaseRow>(`${CURRENT} ORDER BY f.name`).map(release)

export function currentRelease(connection: Connection, name: string): Release | undefined {
  const row = connection.get<ReleaseRow>(`${CURRENT} AND f.name = ?`, [name])
  return row && release(row)
}

export function getRelease(connection: Connection, name: string, number: number): Release | undefined {
  const sql = `SELECT ${COLUMNS} FROM releases r WHERE r.function = ? AND r.number = ?`
  const row = connection.get<ReleaseRow>(sql, [name, number])
  return row && release(row)
}

export const getPackage = (connection: Connection, digest: string): Buffer | undefined =>
  connection.get<{ content: Buffer }>('SELECT content FROM packages WHERE digest = ?', [digest])?.content

export function removeFunction(connection: Connection, name: string, now: number): boolean {
  const removed = connection.run('UPDATE functions SET removed_at = ? WHERE name = ? AND removed_at IS NULL', [
    now,
    name,
  ])
  if (removed === 0) return false
  cancelWorkOf(connection, name, now)
  return true
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
