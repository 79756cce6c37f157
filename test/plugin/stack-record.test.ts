import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readOtherStacks, readStack, writeStack } from '../../plugin/stack-record.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

describe('the record of stacks', () => {
  const directory = temporaryDirectory()
  const owner = (stage: string) => ({ directory: directory(), service: 'garden', stage })

  it('is kept by stage, and gone with its folder when there is none any more', () => {
    assert.equal(readStack(owner('dev')), undefined)
    writeStack(owner('dev'), { stagingBucket: 'a' })
    writeStack(owner('prod'), { stagingBucket: 'b' })
    assert.deepEqual(readStack(owner('dev')), { stagingBucket: 'a' })
    assert.deepEqual(readOtherStacks(owner('dev')), ['garden-prod'])
    writeStack(owner('dev'), undefined)
    assert.deepEqual([readStack(owner('dev')), readStack(owner('prod'))], [undefined, { stagingBucket: 'b' }])
    writeStack(owner('prod'), undefined)
    assert.equal(existsSync(join(directory(), '.spillway')), false)
  })
})
