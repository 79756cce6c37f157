import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { inPieces } from '../../../../dispatcher/storage/s3/pieces.js'
import { partSizes } from '../../../../dispatcher/storage/s3/upload.js'
import { UploadBook } from '../../../../dispatcher/storage/s3/upload-book.js'
import { collect } from '../../../support/streams.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const MIB = 1024 ** 2

describe('S3 storage: pieces of a file', () => {
  it('are one, unless it is too large', () => {
    assert.deepEqual(partSizes(0, 512 * MIB), [0])
    assert.deepEqual(partSizes(512 * MIB, 512 * MIB), [512 * MIB])
    assert.deepEqual(partSizes(512 * MIB + 1, 512 * MIB), [512 * MIB, 1])
  })

  it('are 10,000 at most, of equal size but for the last, and together the file', () => {
    const sizes = fc.integer({ min: 0, max: 50 * 1024 ** 4 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 5 * MIB, max: 1024 * MIB }), (size, partBytes) => {
        const parts = partSizes(size, partBytes)
        assert.ok(parts.length >= 1 && parts.length <= 10_000)
        assert.equal(
          parts.reduce((sum, part) => sum + part, 0),
          size,
        )
        assert.ok(new Set(parts.slice(0, -1)).size <= 1)
        assert.ok(parts.at(-1)! <= parts[0]! && (size === 0 || parts.at(-1)! > 0))
      }),
      { numRuns: 30 },
    )
  })

  it('are cut from a stream as they should be, however it comes', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 50 }), async (given, bytes) => {
        const all = Buffer.concat(given)
        const pieces = await collect(inPieces(Readable.from(given.map((chunk) => Buffer.from(chunk))), bytes))
        assert.ok(Buffer.concat(pieces.map(({ piece }) => piece)).equals(all))
        assert.deepEqual(
          pieces.map(({ isLast }) => isLast),
          pieces.map((_, index) => index === pieces.length - 1),
        )
        for (const { piece, isLast } of pieces) assert.ok(isLast ? piece.length <= bytes : piece.length === bytes)
        assert.ok(all.length === 0 || pieces.at(-1)!.piece.length > 0)
      }),
    )
  })
})

describe('S3 storage: book of uploads', () => {
  const directory = temporaryDirectory()
  const folder = () => join(directory(), 'uploads/lake')
  const upload = (name: string) => ({ bucket: 'b', key: `key of ${name}\n`, upload: name })

  it('knows what is open, also in the next life', async () => {
    const first = new UploadBook(folder())
    assert.deepEqual([await first.attempts(), await first.open('a.1')], [[], []])
    await Promise.all(['x', 'y', 'z'].map((name) => first.add('a.1', upload(name))))
    await first.add('b.1', upload('other'))
    first.close('a.1', 'y')
    assert.deepEqual(await first.open('a.1'), [upload('x'), upload('z')])
    const second = new UploadBook(folder())
    assert.deepEqual((await second.attempts()).toSorted(), ['a.1', 'b.1'])
    await second.add('a.1', upload('w'))
    const kept = await second.open('a.1')
    assert.deepEqual(kept.map((one) => one.upload).toSorted(), ['w', 'x', 'y', 'z'])
    await second.forget('a.1')
    assert.deepEqual([await second.open('a.1'), readdirSync(folder())], [[], ['b.1']])
  })

  it('reads past half a line', async () => {
    await new UploadBook(folder()).add('a.1', upload('x'))
    appendFileSync(join(folder(), 'a.1'), '{"bucket":"b","ke')
    assert.deepEqual(await new UploadBook(folder()).open('a.1'), [upload('x')])
  })

  it('is in memory only where there is no folder', async () => {
    const book = new UploadBook(undefined)
    await book.add('a.1', upload('x'))
    assert.deepEqual([await book.attempts(), await book.open('a.1')], [['a.1'], [upload('x')]])
    await book.forget('a.1')
    assert.deepEqual([await book.attempts(), existsSync(folder())], [[], false])
  })

  it('takes no attempt for a path', async () => {
    for (const attempt of ['../x', '', '/etc/passwd', 'a/b'])
      await assert.rejects(new UploadBook(folder()).add(attempt, upload('x')), /not the id of an attempt/)
  })
})
