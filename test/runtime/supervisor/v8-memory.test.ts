/** What the supervisor tells V8 about memory while it runs, in a process of its own, as no option of its command line does. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { buildSync } from 'esbuild'
import { NODE_OPTIONS } from '../../../dispatcher/images/kit-command.js'

const MEBIBYTE = 1024 ** 2

describe('supervisor: memory of V8', () => {
  /** Runs the lines with what the module exports; answers the JSON that they give. */
  function runWith<T>(module: string, lines: string): T {
    const { outputFiles } = buildSync({
      entryPoints: [`runtime/supervisor/${module}.ts`],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
    })
    const program = `${outputFiles[0]!.text}\nprocess.stdout.write(JSON.stringify((() => { ${lines} })()))`
    return JSON.parse(execFileSync(process.execPath, [...NODE_OPTIONS, '-e', program], { encoding: 'utf8' })) as T
  }

  /** Bytes of the young space once a lot has outlived its collections. */
  const grown = (before: string) =>
    runWith<number>(
      'young-space',
      `${before}
      const kept = []
      for (let n = 0; n < 400_000; n++) {
        kept.push({ text: 'n' + n })
        if (kept.length > 50_000) kept.length = 0
      }
      const spaces = require('node:v8').getHeapSpaceStatistics()
      return spaces.find(({ space_name }) => space_name === 'new_space').space_size`,
    )

  it('the young space stays small once it is told to, and does not otherwise', () => {
    const small = grown('keepYoungSpaceSmall()')
    const free = grown('')
    assert.ok(small <= 4 * MEBIBYTE, `${small} bytes`)
    assert.ok(free >= 2 * small, `${free} bytes beside ${small}`)
  })

  it('what has passed through is swept away every 2 MB, without any option of V8 on the command line', () => {
    assert.deepEqual(
      NODE_OPTIONS.filter((option) => /semi-space|expose/.test(option)),
      [],
    )
    const held = (passes: boolean) =>
      runWith<number>(
        'transfer/passing',
        `for (let n = 0; n < 300; n++) {
          const piece = Buffer.allocUnsafeSlow(256 * 1024)
          if (${passes}) passing(piece.length)
        }
        return process.memoryUsage().arrayBuffers`,
      )
    const [swept, left] = [held(true), held(false)]
    assert.ok(swept <= 4 * MEBIBYTE, `${swept} bytes`)
    assert.ok(left >= 8 * MEBIBYTE, `${left} bytes`)
  })
})
