/** A disk that takes no more: nothing acknowledged is lost, callers are refused, and it goes on when there is room again. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { openDatabase } from '../../../../dispatcher/database/open.js'
import { eventually } from '../../../support/eventually.js'
import { startProgram, type Program } from '../../../support/lines-of.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

/** Blocks of 512 bytes (of 1 KiB in some shells) that a file may have; the process sees a full disk beyond. */
const BLOCKS = 2000

describe('sqlite: a full disk', () => {
  const directory = temporaryDirectory()

  it('is survived without loss', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      console.log('        skipped: needs prlimit of util-linux')
      return this.skip()
    }
    const path = join(directory(), 'spillway.db')
    const filler = startProgram('database-filler.ts', [path], { limit: `ulimit -S -f ${BLOCKS}` })
    try {
      await eventually(() => filler.lines.includes('ill'), { timeoutMs: 15_000, what: 'the full disk' })
      execFileSync('prlimit', ['--pid', String(filler.pid), '--fsize=unlimited'])
      assert.deepEqual(await filler.ended, { code: 0, signal: null })
    } finally {
      filler.kill()
    }
    await checkRecord(path, filler)
  })
})

async function checkRecord(path: string, { lines }: Program): Promise<void> {
  assert.ok(lines.indexOf('well') > lines.indexOf('ill'))
  assert.match(lines.at(-1)!, /^accepted /)
  const database = await openDatabase(`sqlite:${path}`)
  try {
    for (const line of lines) {
      const [what, id] = line.split(' ')
      if (id) assert.equal((await database.getInvocation(id)) !== undefined, what === 'accepted', line)
    }
  } finally {
    await database.close()
  }
}
