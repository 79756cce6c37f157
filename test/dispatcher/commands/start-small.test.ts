/** What a dispatcher tells V8 about memory while it starts, in a process of its own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { buildSync } from 'esbuild'

const MEBIBYTE = 1024 ** 2
const DEADLINE_MS = 10_000

/** Makes a lot that outlives its collections; answers the bytes of the young space then. */
const LOAD = `() => {
  const kept = []
  for (let n = 0; n < 400_000; n++) {
    kept.push({ text: 'n' + n })
    if (kept.length > 50_000) kept.length = 0
  }
  return require('node:v8').getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size
}`

describe('starting small', () => {
  it('the young space stays small during the start and a while after it, then grows with the work', () => {
    const { outputFiles } = buildSync({
      entryPoints: ['dispatcher/commands/start-small.ts'],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
    })
    const program = `${outputFiles[0]!.text}
      const load = ${LOAD}
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
      void (async () => {
        const during = await startSmall(async () => load(), 100)
        const after = load()
        let later = 0
        for (const until = Date.now() + ${DEADLINE_MS}; later < 2 * after && Date.now() < until; await pause()) later = load()
        process.stdout.write(JSON.stringify({ during, after, later }))
      })()`
    const text = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 3 * DEADLINE_MS })
    const { during, after, later } = JSON.parse(text) as Record<'during' | 'after' | 'later', number>
    assert.ok(during <= 4 * MEBIBYTE, `${during} bytes during the start`)
    assert.ok(after <= 4 * MEBIBYTE, `${after} bytes right after it`)
    assert.ok(later >= 2 * after, `${later} bytes later, ${after} before`)
  })
})
