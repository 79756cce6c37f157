/** What the supervisor tells V8 about memory while it runs, in a process of its own, as no option of its command line does. */
import assert from 'node:assert/strict'
import { NODE_OPTIONS } from '../../../dispatcher/images/kit-command.js'
import { FILL_YOUNG_SPACE, runInProcess } from '../../support/v8-process.js'

const MEBIBYTE = 1024 ** 2

describe('supervisor: memory of V8', () => {
  const runWith = <T>(module: string, lines: string) =>
    runInProcess<T>({ module: `runtime/supervisor/${module}.ts`, lines, options: NODE_OPTIONS })

  /** Bytes of the young space once a lot has outlived its collections. */
  const grown = (before: string) => runWith<number>('young-space', `${before}${FILL_YOUNG_SPACE}`)

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
