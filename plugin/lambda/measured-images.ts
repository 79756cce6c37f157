/** Derived images that were found to keep Lambda's rules: what is in one never changes, so the newest are measured once. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Most that are remembered; one that is forgotten is measured again. */
export const MEASURED_MAX = 1000

export class MeasuredImages {
  readonly #file: string

  constructor(cacheDirectory: string) {
    this.#file = join(cacheDirectory, 'images-for-lambda')
  }

  /** By its tag, which says what is in it. */
  has(tag: string): boolean {
    return this.#read().includes(tag)
  }

  add(tag: string): void {
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(this.#file, `${[...this.#read(), tag].slice(-MEASURED_MAX).join('\n')}\n`)
  }

  #read(): string[] {
    try {
      return readFileSync(this.#file, 'utf8').split('\n').filter(Boolean)
    } catch {
      return []
    }
  }
}
