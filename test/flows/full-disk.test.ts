/** A disk under the database that takes no more: nothing new is accepted, nothing that was accepted is lost. */
import { execFileSync, spawnSync } from 'node:child_process'
import { dispatchers } from '../support/dispatcher-process.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { survivesBadDisk } from '../suites/bad-disk.suite.js'

/** Bytes that a file may have: the system says no beyond, as a full disk does. */
const BYTES = 3_000_000

describe('a full disk under the database', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  it('makes the dispatcher refuse with 503 and lose nothing; it goes on by itself when there is room', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      console.log('        skipped: needs prlimit of util-linux')
      return this.skip()
    }
    const dispatcher = await start()
    const limit = (bytes: string) => {
      execFileSync('prlimit', ['--pid', String(dispatcher.pid), `--fsize=${bytes}`])
    }
    await survivesBadDisk({ dispatcher, harm: () => limit(`${BYTES}:`), cure: () => limit('unlimited') })
  })
})
