import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MEASURED_MAX, MeasuredImages } from '../../../plugin/lambda/measured-images.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('measured images', () => {
  const root = temporaryDirectory()

  it('are remembered from one deploy to the next, the newest of them', () => {
    const cache = root()
    const file = join(cache, 'images-for-lambda')
    const tags = Array.from({ length: MEASURED_MAX + 5 }, (_, index) => `tag-${index}`)
    writeFileSync(file, tags.join('\n'))
    new MeasuredImages(cache).add('newest')
    const later = new MeasuredImages(cache)
    assert.deepEqual(
      ['newest', tags.at(-1)!, tags[6]!, tags[5]!, tags[0]!].map((tag) => later.has(tag)),
      [true, true, true, false, false],
    )
    assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, MEASURED_MAX)
  })
})
