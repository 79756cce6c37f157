/** What is left in /tmp when an input needs the room. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LambdaFunctionFile } from '../../../../runtime/contract/lambda-function.js'
import { Sandbox } from '../../../../runtime/supervisor/lambda/sandbox.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const RUN: LambdaFunctionFile['run'] = { kind: 'command', command: ['true'] }

describe('a sandbox on Lambda', () => {
  const root = temporaryDirectory()

  /** As on Lambda, but for the processes, which are not to be killed here. */
  function sandboxIn(tmp: string, { ownsMachine = true, workingDirectory = '/' } = {}) {
    const file = { run: RUN, workingDirectory, isolation: 'reuse' } as LambdaFunctionFile
    return new Sandbox({ file, ownsMachine, scratch: join(tmp, 'spillway') }, tmp)
  }

  function put(...path: string[]): void {
    mkdirSync(join(...path.slice(0, -1)), { recursive: true })
    writeFileSync(join(...path), 'x')
  }

  it('makes room of what scripts left, and not of what extensions had there before them', async () => {
    const tmp = root()
    put(tmp, 'extension', 'buffer')
    const sandbox = sandboxIn(tmp)
    put(tmp, 'extension', 'later')
    put(tmp, 'spillway', 'input')
    put(tmp, 'cache', 'model')
    put(tmp, 'left')
    await sandbox.makeRoom()
    assert.deepEqual(readdirSync(tmp).sort(), ['extension', 'spillway'])
    assert.deepEqual(readdirSync(join(tmp, 'extension')).sort(), ['buffer', 'later'])
  })

  it('makes no room on a machine that it shares', async () => {
    const tmp = root()
    const sandbox = sandboxIn(tmp, { ownsMachine: false })
    put(tmp, 'left')
    await sandbox.makeRoom()
    assert.deepEqual(readdirSync(tmp), ['left'])
  })

  it('removes a working directory that was made for a script, and leaves one that was there', async () => {
    const tmp = root()
    for (const wasThere of [false, true]) {
      const workingDirectory = join(tmp, `work-${wasThere}`)
      if (wasThere) put(workingDirectory, 'of-an-extension')
      const sandbox = sandboxIn(tmp, { ownsMachine: false, workingDirectory })
      put(workingDirectory, 'of-a-script')
      await sandbox.cleanUp()
    }
    assert.deepEqual(readdirSync(tmp), ['work-true'])
    assert.deepEqual(readdirSync(join(tmp, 'work-true')).sort(), ['of-a-script', 'of-an-extension'])
  })
})
