/** Connections that remember every statement they are given, to ask SQLite for its plan of it later. */
import {
  openConnection,
  openPlainly,
  type Connection,
  type Values,
} from '../../dispatcher/database/sqlite/connection.js'

export class PlanRecorder {
  readonly #statements = new Map<string, Values>()

  open = (path: string): Connection => {
    const real = openConnection(path)
    return {
      get inTransaction() {
        return real.inTransaction
      },
      exec: (sql) => real.exec(sql),
      run: (sql, values) => this.#recorded(real, sql, values).run(sql, values),
      get: (sql, values) => this.#recorded(real, sql, values).get(sql, values),
      all: (sql, values) => this.#recorded(real, sql, values).all(sql, values),
      close: () => real.close(),
    }
  }

  /** Statement and how SQLite finds its rows, one step a line. */
  plans(path: string): [sql: string, plan: string][] {
    const connection = openPlainly(path)
    try {
      return [...this.#statements].map(([sql, values]) => {
        const steps = connection.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, values)
        return [sql, steps.map(({ detail }) => detail).join('\n')]
      })
    } finally {
      connection.close()
    }
  }

  #recorded(real: Connection, sql: string, values: Values = []): Connection {
    this.#statements.set(sql, values)
    return real
  }
}
