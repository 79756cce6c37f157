/** A disk under the database that takes no more: nothing new is accepted, nothing that was accepted is lost. */
import { execFileSync, spawnSync } from 'node:child_process'
import { dispatchers } from '../support/dispatcher-process.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { survivesRefusal } from '../suites/bad-disk.suite.js'

/** Blocks of 512 bytes (of 1 KiB in some shells) that a file may have. */
const BLOCKS = 6000

describe('a full disk under the database', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('makes the dispatcher refuse with 503 and lose nothing; it goes on by itself when there is room', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      console.log('        skipped: needs prlimit of util-linux')
      return this.skip()
    }
    const dispatcher = await start({ shell: `ulimit -S -f ${BLOCKS}` })
    await survivesRefusal(dispatcher, () => {
      execFileSync('prlimit', ['--pid', String(dispatcher.pid), '--fsize=unlimited'])
    })
  })
})
