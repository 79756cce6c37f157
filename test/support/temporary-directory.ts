/** A directory of a test's own that is gone afterwards. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Call inside `describe`: gives a fresh directory per test. They go when all tests have stopped what they started. */
export function temporaryDirectory(): () => string {
  const made: string[] = []
  beforeEach(() => {
    made.push(realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-'))))
  })
  after(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  })
  return () => made.at(-1)!
}
