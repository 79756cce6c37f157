/** Manifests and configurations: what is read of them, and what is refused. */
import assert from 'node:assert/strict'
import { factsOf } from '../../../dispatcher/images/image-facts.js'
import {
  appendLayers,
  asDocument,
  parseConfig,
  parseDocument,
  type ImageConfig,
  type Index,
  type Manifest,
} from '../../../dispatcher/images/manifest.js'
import { MEDIA_TYPES } from '../../../dispatcher/images/media-types.js'
import { architecturesOf, checkArchitecture, choosePlatform } from '../../../dispatcher/images/platform.js'

const DIGEST = `sha256:${'ab'.repeat(32)}`
const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: DIGEST, size: 5 }
const MANIFEST: Manifest = {
  schemaVersion: 2,
  config: { mediaType: MEDIA_TYPES.ociConfig, digest: DIGEST, size: 7 },
  layers: [LAYER],
  annotations: { kept: 'yes' },
}
const CONFIG: ImageConfig = { architecture: 'amd64', rootfs: { type: 'layers', diff_ids: ['sha256:1'] } }
const ADDED = { digest: 'sha256:2', diffId: 'sha256:3', size: 9, unpackedBytes: 20, file: '/none', about: 'a test' }

const refusalOf = (type: string, value: unknown) => () => parseDocument(asDocument(type, value), 'r.example.org/a:1')

describe('manifests', () => {
  it('are images or indexes of either family; the type may stand in the header only', () => {
    assert.ok('layers' in parseDocument(asDocument(MEDIA_TYPES.ociManifest, MANIFEST), 'a'))
    assert.ok('layers' in parseDocument(asDocument(MEDIA_TYPES.dockerManifest, MANIFEST), 'a'))
    assert.ok('manifests' in parseDocument(asDocument(MEDIA_TYPES.dockerIndex, { manifests: [] }), 'a'))
  })

  it('of other kinds are refused by name', () => {
    const old = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
    const message = new RegExp(`r.example.org/a:1 is not an image: its manifest is of type ${old.replace('+', '\\+')}`)
    assert.throws(refusalOf(old, { schemaVersion: 1 }), { code: 'image-refused', message })
    assert.throws(refusalOf(MEDIA_TYPES.ociManifest, { schemaVersion: 2 }), { code: 'image-refused' })
    assert.throws(refusalOf(MEDIA_TYPES.ociManifest, 'text'), /its description is no JSON object/)
  })

  it('of other artefacts are refused: their configuration is none of an image', () => {
    assert.throws(
      () => parseConfig(Buffer.from('{}'), MANIFEST, 'a'),
      /its configuration names no layers, its manifest 1/,
    )
    assert.throws(() => parseConfig(Buffer.from('weed'), MANIFEST, 'a'), { code: 'image-refused' })
  })

  it('get layers on top, and keep everything else', () => {
    const base = { mediaType: MEDIA_TYPES.ociManifest, digest: DIGEST, manifest: MANIFEST }
    const history = [{ created_by: 'a' }, { created_by: 'b', empty_layer: true }]
    const odd = { ...CONFIG, history, odd: { is: 'kept' } }
    const { manifest, config } = appendLayers({ base, config: odd, added: [ADDED] })
    const made = JSON.parse(manifest.body.toString()) as Manifest
    assert.deepEqual(made.layers, [LAYER, { mediaType: MEDIA_TYPES.ociLayer, size: 9, digest: 'sha256:2' }])
    assert.deepEqual(made.annotations, { kept: 'yes', 'org.opencontainers.image.base.digest': DIGEST })
    assert.equal(made.config.digest, config.digest)
    assert.deepEqual(JSON.parse(config.body.toString()), {
      ...odd,
      rootfs: { type: 'layers', diff_ids: ['sha256:1', 'sha256:3'] },
      history: [...history, { created: '1970-01-01T00:00:00Z', created_by: 'spillway: a test' }],
    })
  })

  it('of images without a history, or with half of one, get none', () => {
    const base = {
      mediaType: MEDIA_TYPES.dockerManifest,
      digest: DIGEST,
      manifest: { ...MANIFEST, layers: [LAYER, LAYER] },
    }
    for (const history of [undefined, [{ created_by: 'a' }]]) {
      const { config, manifest } = appendLayers({
        base,
        config: { ...CONFIG, ...(history ? { history } : {}) },
        added: [ADDED],
      })
      assert.deepEqual((JSON.parse(config.body.toString()) as ImageConfig).history, history)
      assert.equal((JSON.parse(manifest.body.toString()) as Manifest).annotations, undefined)
    }
  })
})

describe('platforms', () => {
  const entry = (architecture: string, variant?: string, os = 'linux') => ({
    ...LAYER,
    digest: `${os}/${architecture}/${variant}`,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
  })
  const index = (...manifests: Index['manifests']): Index => ({ schemaVersion: 2, manifests })

  it('are chosen from an index, the plain variant before others', () => {
    const all = index(
      entry('unknown', undefined, 'unknown'),
      entry('amd64', 'v3'),
      entry('amd64'),
      entry('arm', 'v7'),
      entry('arm64', 'v8'),
    )
    assert.equal(choosePlatform(all, 'x86_64', 'a').digest, 'linux/amd64/undefined')
    assert.equal(choosePlatform(all, 'arm64', 'a').digest, 'linux/arm64/v8')
    assert.equal(choosePlatform(index(entry('amd64', 'v3')), 'x86_64', 'a').digest, 'linux/amd64/v3')
    assert.deepEqual(architecturesOf(all), ['x86_64', 'arm64'])
  })

  it('that are not there are refused with those that are', () => {
    const some = index(
      entry('unknown', undefined, 'unknown'),
      entry('amd64'),
      entry('arm', 'v7'),
      entry('amd64', undefined, 'windows'),
      { ...LAYER },
    )
    assert.throws(() => choosePlatform(some, 'arm64', 'a:1'), {
      code: 'image-refused',
      message:
        /The image a:1 is for linux\/amd64, linux\/arm\/v7, windows\/amd64, and linux\/arm64 \(architecture: arm64\) is wanted\./,
    })
  })

  it('of a single image are taken from its configuration; one that says nothing is believed', () => {
    assert.doesNotThrow(() => checkArchitecture({ ...CONFIG, os: 'linux' }, 'x86_64', 'a'))
    assert.doesNotThrow(() => checkArchitecture({ rootfs: CONFIG.rootfs }, 'arm64', 'a'))
    assert.throws(() => checkArchitecture(CONFIG, 'arm64', 'a'), /is for linux\/amd64, and linux\/arm64/)
    assert.throws(() => checkArchitecture({ ...CONFIG, os: 'windows' }, 'x86_64', 'a'), /is for windows\/amd64/)
  })
})

describe('facts of an image', () => {
  it('have defaults where the configuration says nothing', () => {
    const facts = factsOf({
      reference: 'a',
      id: 'b',
      architecture: 'x86_64',
      config: { ...CONFIG, config: { Env: ['A', 'B='] } },
    })
    assert.deepEqual([facts.program, facts.workingDirectory, facts.user], [[], '/', ''])
    assert.deepEqual(facts.environment, { A: '', B: '' })
  })
})
