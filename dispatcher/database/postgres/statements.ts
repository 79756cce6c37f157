/** Statements as PostgreSQL takes them: with numbered places for values, planned once per connection. */
import type { QueryConfig } from 'pg'
import type { Statement, Value } from '../sql/statement.js'

/** Lists travel as arrays. */
export type PostgresValue = Value | readonly Value[]
export type PostgresStatement = Statement<PostgresValue>

/** The names of the statements of one connection. */
export class Statements {
  readonly #known = new Map<string, { name: string; text: string }>()

  prepared({ sql, values }: PostgresStatement): QueryConfig<PostgresValue[]> {
    let known = this.#known.get(sql)
    if (!known) {
      known = { name: `s${this.#known.size}`, text: numbered(sql) }
      this.#known.set(sql, known)
    }
    return { ...known, values: values.map(storable) }
  }
}

/** `a = ? AND b = ?` -> `a = $1 AND b = $2`; no statement of ours has a question mark that is no place for a value. */
export function numbered(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}

/** Texts hold no NUL: one that is looked for is not found, one that is kept is made printable. */
const storable = (value: PostgresValue): PostgresValue =>
  Array.isArray(value) ? value.map(withoutNul) : withoutNul(value)

const withoutNul = <T>(value: T): T | string =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u{fffd}') : value
