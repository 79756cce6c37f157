/** Registers a release, unless it is the current one. */
import type { Release } from '../../../runtime/contract/release.js'
import type { NewRelease } from '../database.js'
import { release, type ReleaseRow } from '../sql/rows.js'
import type { PostgresWrite } from './writer.js'

const PUT = `
  WITH given AS (
    SELECT ?::text AS function, ?::text AS spec, ?::text AS package_digest, ?::bigint AS created_at
  ), same AS (
    SELECT r.* FROM given
    JOIN functions f ON f.name = given.function AND f.removed_at IS NULL
    JOIN releases r ON r.function = f.name AND r.number = f.current_release
    WHERE r.spec = given.spec AND r.package_digest = given.package_digest
  ), packaged AS (
    INSERT INTO packages (digest, content)
    SELECT package_digest, ?::bytea FROM given WHERE NOT EXISTS (SELECT FROM same)
    ON CONFLICT DO NOTHING
  ), next AS (
    INSERT INTO releases (function, number, spec, package_digest, created_at)
    SELECT function, 1 + coalesce((SELECT max(number) FROM releases r WHERE r.function = given.function), 0),
      spec, package_digest, created_at
    FROM given WHERE NOT EXISTS (SELECT FROM same)
    RETURNING *
  ), named AS (
    INSERT INTO functions (name, current_release) SELECT function, number FROM next
    ON CONFLICT (name) DO UPDATE SET current_release = excluded.current_release, removed_at = NULL
  )
  SELECT same.*, false AS created FROM same UNION ALL SELECT next.*, true FROM next`

export function putRelease(given: NewRelease): PostgresWrite<{ release: Release; created: boolean }> {
  const { function: name, spec, packageDigest, now } = given
  return {
    statements: [{ sql: PUT, values: [name, inOrder(spec), packageDigest, now, given.package] }],
    read: ([put]) => {
      const row = put!.rows[0] as ReleaseRow & { created: boolean }
      return { release: release(row), created: row.created }
    },
  }
}

/** JSON whose keys are in order: the order that they were written in does not make another spec. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  )
}
