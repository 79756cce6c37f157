/** A directory of a test's own that is gone afterwards. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Call inside `describe`: gives a fresh directory per test. */
export function temporaryDirectory(): () => string {
  let directory = ''
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-test-')))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return () => directory
}
