/** What Lambda takes as an image. */
import assert from 'node:assert/strict'
import { lambdaImageProblems } from '../../../dispatcher/images/lambda-image-rules.js'
import { MEDIA_TYPES } from '../../../dispatcher/images/media-types.js'
import type { ImageMeasure } from '../../../dispatcher/images/measure-image.js'

const GIB = 1024 ** 3
const layer = (unpackedBytes: number, mediaType: string = MEDIA_TYPES.ociLayer) => ({
  digest: '',
  mediaType,
  bytes: 1,
  unpackedBytes,
})
const measure: ImageMeasure = {
  reference: 'r.example.org/a:1',
  mediaType: MEDIA_TYPES.ociManifest,
  architectures: ['x86_64'],
  isIndex: false,
  layers: [layer(9 * GIB), layer(GIB)],
  addedBytes: 0,
}
const check = (changes: Partial<ImageMeasure>, more = {}) =>
  lambdaImageProblems({ measure: { ...measure, ...changes }, architecture: 'x86_64', ...more })

describe("Lambda's rules for images", () => {
  it('are kept by an image of 10 GB, of one architecture, in either family, with layers of each kind', () => {
    assert.deepEqual(check({}), [])
    assert.deepEqual(check({ mediaType: MEDIA_TYPES.dockerManifest, layers: [layer(1, MEDIA_TYPES.dockerLayer)] }), [])
    const zstd = 'application/vnd.oci.image.layer.v1.tar+zstd'
    assert.deepEqual(check({ layers: [layer(1, zstd), layer(1, 'application/vnd.oci.image.layer.v1.tar')] }), [])
  })

  it('are broken by size, what is put on top included, with the size found and the size allowed', () => {
    const words = [
      'The image r.example.org/a:1 does not fit Lambda: unpacked it has at least 10.7 GB, and the runtime kit with the files of the function 100 MB; 10.7 GB are allowed.',
    ]
    assert.deepEqual(check({ addedBytes: 100_000_000 }), words)
    assert.deepEqual(check({ addedBytes: 1 }).length, 1)
    const [large] = check({ layers: [layer(11 * GIB)] })
    assert.match(large ?? '', /it has at least 11.8 GB; 10.7 GB are allowed/)
  })

  it('are broken by another architecture', () => {
    const [problem] = check({ architectures: ['arm64'] })
    assert.match(problem ?? '', /it is for arm64, the function is for x86_64/)
  })

  it('are broken by an index only where the image is to run as it is', () => {
    const index = { isIndex: true, architectures: ['x86_64', 'arm64'] as const }
    assert.deepEqual(check(index), [])
    assert.match(check(index, { asItIs: true })[0] ?? '', /an index of 2 platform\(s\), one image is allowed/)
  })

  it('are broken by layers that are no archives; everything is said at once', () => {
    const problems = check({
      layers: [layer(11 * GIB, 'application/vnd.wasm')],
      architectures: ['arm64'],
      mediaType: 'odd',
    })
    assert.deepEqual(problems.length, 4)
    assert.match(problems[3] ?? '', /a layer of type application\/vnd.wasm, archives are allowed/)
  })
})
