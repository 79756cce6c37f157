/** The page about upgrades knows every format of the database. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrationsOf } from '../../dispatcher/database/migrations.js'

const ROW = /^\| (\d*) +\| (\d*) +\| \S/gm

describe('the formats of the database', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'dispatcher.md'), 'utf8')
  const rows = [...page.matchAll(ROW)].map(([, sqlite, postgres]) => ({ sqlite, postgres }))

  for (const dialect of ['sqlite', 'postgres'] as const)
    it(`of ${dialect} stand in docs/dispatcher.md, each once and in their order`, () => {
      const formats = readdirSync(migrationsOf(dialect)).map((file) => String(Number.parseInt(file)))
      assert.deepEqual(
        rows.map((row) => row[dialect]).filter((format) => format !== ''),
        formats,
      )
    })
})
