/** Reads functions, their releases and packages. */
import type { Release } from '../../../runtime/contract/release.js'
import { release, type ReleaseRow } from './rows.js'
import { many, one, type Query } from './statement.js'

const COLUMNS = 'r.function, r.number, r.spec, r.package_digest, r.created_at'
const CURRENT = `
  SELECT ${COLUMNS} FROM functions f JOIN releases r ON r.function = f.name AND r.number = f.current_release
  WHERE f.removed_at IS NULL`

export const currentReleases = (): Query<Release[]> =>
  many<ReleaseRow, Release>(`${CURRENT} ORDER BY f.name`, [], release)

export const currentRelease = (name: string): Query<Release | undefined> =>
  one<ReleaseRow, Release>(`${CURRENT} AND f.name = ?`, [name], release)

export const getRelease = (name: string, number: number): Query<Release | undefined> =>
  one<ReleaseRow, Release>(
    `SELECT ${COLUMNS} FROM releases r WHERE r.function = ? AND r.number = ?`,
    [name, number],
    release,
  )

export const getPackage = (digest: string): Query<Buffer | undefined> =>
  one<ContentRow, Buffer>('SELECT content FROM packages WHERE digest = ?', [digest], content)

export const getBody = (invocation: string): Query<Buffer | undefined> =>
  one<ContentRow, Buffer>('SELECT content FROM bodies WHERE invocation = ?', [invocation], content)

interface ContentRow {
  content: Buffer | ArrayBuffer
}

const content = (row: ContentRow): Buffer =>
  row.content instanceof ArrayBuffer ? Buffer.from(row.content) : row.content
