/** SQL as data: what is the same for every SQL database is written once, with `?` for its values, and sent by each in its own way. */

export type Value = string | number | null | Uint8Array

export interface Statement<V = Value> {
  sql: string
  values: readonly V[]
}

/** A statement that changes nothing, and what its rows mean. */
export interface Query<T, V = Value> extends Statement<V> {
  read(rows: unknown[]): T
}

/** What one statement of a write came to. */
export interface Answer {
  /** Rows that it changed. */
  changes: number
  /** Rows that it gave back. */
  rows: unknown[]
}

/** Statements that are run in their order and committed together, and what their answers mean. */
export interface Write<T, V = Value> {
  statements: readonly Statement<V>[]
  /** Gets one answer per statement. May throw, when the statements were written such that nothing was changed then. */
  read(answers: readonly Answer[]): T
}

/** A query of one row at most. */
export const one = <Row, T>(sql: string, values: readonly Value[], read: (row: Row) => T): Query<T | undefined> => ({
  sql,
  values,
  read: ([row]) => (row === undefined ? undefined : read(row as Row)),
})

export const many = <Row, T, V = Value>(sql: string, values: readonly V[], read: (row: Row) => T): Query<T[], V> => ({
  sql,
  values,
  read: (rows) => rows.map((row) => read(row as Row)),
})
