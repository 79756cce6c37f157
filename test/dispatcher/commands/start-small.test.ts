/** What a dispatcher tells V8 about memory while it starts, in a process of its own. */
import assert from 'node:assert/strict'
import { FILL_YOUNG_SPACE, runInProcess } from '../../support/v8-process.js'

const MEBIBYTE = 1024 ** 2
const DEADLINE_MS = 10_000

describe('starting small', () => {
  it('the young space stays small during the start and a while after it, then grows with the work', () => {
    const lines = `
      const load = () => { ${FILL_YOUNG_SPACE} }
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
      const during = await startSmall(async () => load(), 100)
      const after = load()
      let later = 0
      for (const until = Date.now() + ${DEADLINE_MS}; later < 2 * after && Date.now() < until; await pause()) later = load()
      return { during, after, later }`
    const { during, after, later } = runInProcess<Record<'during' | 'after' | 'later', number>>({
      module: 'dispatcher/commands/start-small.ts',
      lines,
    })
    assert.ok(during <= 4 * MEBIBYTE, `${during} bytes during the start`)
    assert.ok(after <= 4 * MEBIBYTE, `${after} bytes right after it`)
    assert.ok(later >= 2 * after, `${later} bytes later, ${after} before`)
  })
})
