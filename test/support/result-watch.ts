/** Sees every file that appears in a folder, and whether it ever becomes another one. */
import { lstatSync, readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { Result } from './books.js'

export class ResultWatch {
  readonly #folder: string
  readonly #versions = new Map<string, Set<string>>()
  readonly #watcher

  constructor(folder: string) {
    this.#folder = folder
    this.#watcher = watch(folder, (_type, name) => name !== null && this.#look(name))
  }

  /** What lies there now, with all that was seen before. */
  results(): Result[] {
    return readdirSync(this.#folder).map((name) => {
      this.#look(name)
      const content = readFileSync(join(this.#folder, name), 'utf8').trim()
      return { name, content, versions: this.#versions.get(name)?.size ?? 0 }
    })
  }

  close(): void {
    this.#watcher.close()
  }

  #look(name: string): void {
    try {
      const { ino, mtimeNs, size } = lstatSync(join(this.#folder, name), { bigint: true })
      const seen = this.#versions.get(name) ?? new Set()
      this.#versions.set(name, seen.add(`${ino} ${mtimeNs} ${size}`))
    } catch {
      // What vanished counts as a version too: nothing takes results away again.
      this.#versions.set(name, (this.#versions.get(name) ?? new Set()).add('gone'))
    }
  }
}
