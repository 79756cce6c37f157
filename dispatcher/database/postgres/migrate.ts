/** Brings the schema `spillway` of a database to the form that this version of Spillway writes; its caller is alone at the door. */
import { migrationsAfter, migrationsOf } from '../migrations.js'
import { mustBeAlone } from './members.js'
import type { Session } from './session.js'

const SCHEMA = 'spillway'

/** Resolves to the number of that form. */
export async function migrate(session: Session, name: string, directory = migrationsOf('postgres')): Promise<number> {
  const { scripts, version } = migrationsAfter(await versionOf(session), { name, directory })
  if (scripts.length === 0) return version
  const steps = [...scripts, 'DELETE FROM format', `INSERT INTO format (version) VALUES (${version})`]
  try {
    // Who comes back just now is seen here, or waits and sees what it cannot write.
    await session.script('BEGIN; LOCK TABLE format IN ACCESS EXCLUSIVE MODE')
    await mustBeAlone(session, name)
    await session.script(`${steps.map((step) => `${step};`).join('\n')} COMMIT`)
  } catch (error) {
    await session.rollBack()
    throw error
  }
  return version
}

/** Makes the schema when there is none; a user who may not make schemas can be given one. */
async function versionOf(session: Session): Promise<number> {
  const found = await session.query({ sql: 'SELECT to_regnamespace(?) IS NOT NULL AS found', values: [SCHEMA] })
  if (!(found.rows[0] as { found: boolean }).found) await session.script(`CREATE SCHEMA ${SCHEMA}`)
  await session.script('CREATE TABLE IF NOT EXISTS format (version integer NOT NULL)')
  const { rows } = await session.query({ sql: 'SELECT coalesce(max(version), 0) AS version FROM format', values: [] })
  return (rows[0] as { version: number }).version
}
