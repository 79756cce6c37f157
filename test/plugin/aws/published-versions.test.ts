/** Which version has the code that was deployed last. */
import assert from 'node:assert/strict'
import { newest } from '../../../plugin/aws/published-versions.js'

const version = (Version: string, CodeSha256: string) => ({ Version, CodeSha256 })

describe('published versions of a function on Lambda', () => {
  it('are those of the newest code, the last of them', () => {
    const versions = [version('$LATEST', 'c'), version('9', 'b'), version('10', 'c'), version('2', 'c')]
    assert.equal(newest(versions), '10')
  })

  it('are none where only the newest code has changed, or versions are not kept', () => {
    assert.equal(newest([version('$LATEST', 'd'), version('1', 'c')]), undefined)
    assert.equal(newest([version('$LATEST', 'd')]), undefined)
    assert.equal(newest([]), undefined)
  })
})
