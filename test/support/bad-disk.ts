/** Connections whose disk can be told to refuse; everything else about them is real. */
import { openConnection, type Connection } from '../../dispatcher/database/sqlite/connection.js'

export class BadDisk {
  /** What SQLite would say; undefined = the disk is well. */
  refusal: string | undefined
  /** The statement that is refused. */
  refuses = /COMMIT/
  opened = 0
  commits = 0

  open = (path: string): Connection => {
    this.opened++
    const real = openConnection(path)
    return {
      get inTransaction() {
        return real.inTransaction
      },
      exec: (sql) => this.#exec(real, sql),
      run: (sql, values) => real.run(sql, values),
      get: (sql, values) => real.get(sql, values),
      all: (sql, values) => real.all(sql, values),
      close: () => real.close(),
    }
  }

  /** As SQLite does it: what comes before the refused statement has happened, and the transaction stays open. */
  #exec(real: Connection, sql: string): void {
    if (/COMMIT/.test(sql)) this.commits++
    if (!this.refusal || !this.refuses.test(sql)) return real.exec(sql)
    const before = sql.slice(0, sql.search(this.refuses))
    if (before.trim()) real.exec(before)
    throw Object.assign(new Error('disk I/O error'), { code: this.refusal })
  }
}
