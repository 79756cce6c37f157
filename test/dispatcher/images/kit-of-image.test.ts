/** Kits of other architectures, out of images that were pushed on machines of those. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { NODE_OPTIONS } from '../../../dispatcher/images/kit-command.js'
import { kitIn } from '../../../dispatcher/images/kit.js'
import { filesOfKit } from '../../../dispatcher/images/kit-files.js'
import { writeLayer, type LayerFile } from '../../../dispatcher/images/layer.js'
import { openImages } from '../../../dispatcher/images/open-images.js'
import { Registry } from '../../../dispatcher/images/registry/registry.js'
import { FakeRegistry } from '../../support/fake-registry.js'
import { makeImage } from '../../support/registry-image.js'
import { smallKit } from '../../support/small-kit.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

describe('the kit of an image', () => {
  const directory = temporaryDirectory()
  const path = (...names: string[]) => join(directory(), ...names)
  let fake: FakeRegistry
  let registry: Registry

  beforeEach(async () => {
    fake = await FakeRegistry.start()
    registry = new Registry({ registry: fake.host, credentials: [], now: Date.now })
    mkdirSync(path('layers'))
    smallKit(path('own'))
  })
  afterEach(() => fake.close())

  const archive = async (name: string, files: readonly LayerFile[]) =>
    gunzipSync(readFileSync((await writeLayer(files, path('layers', name))).file))

  const open = (kitImages: Record<string, string>) =>
    openImages({
      cacheDirectory: path('cache'),
      supervisor: path('own', 'supervisor.cjs'),
      node: '/none',
      kits: { x86_64: path('own') },
      kitImages,
      credentials: [],
      now: Date.now,
    })

  const push = async (tag: string, layers: Buffer[]) => {
    await makeImage({ registry, repository: 'spillway', tag, layers, config: { architecture: 'arm64' } })
    return `${fake.host}/spillway:${tag}`
  }

  it('is taken from the layer that has it, once, and goes into images of its architecture', async () => {
    const directoryOfKit = smallKit(path('arm64'), 'arm64')
    writeFileSync(join(directoryOfKit, 'lib/libstdc++.so.6'), 'a library')
    const kit = await archive('kit', [
      ...(await filesOfKit((await kitIn(directoryOfKit))!, join(directoryOfKit, 'supervisor.cjs'))),
      { path: '/opt/spillway/lib/link', link: '/etc/passwd' },
      { path: '/opt/spillway/lib/deep/file', content: 'not part of a kit' },
    ])
    const arm64 = await push('1', [await archive('else', [{ path: '/usr/x', content: 'x' }]), kit])
    const images = open({ arm64 })
    assert.equal((await images.kitCommand('arm64'))[0], '/opt/spillway/lib/ld-linux.so.2')
    const [name] = readdirSync(path('cache', 'kits-of-images'))
    const unpacked = path('cache', 'kits-of-images', name!)
    assert.deepEqual(readdirSync(join(unpacked, 'lib')).sort(), ['ld-linux.so.2', 'libstdc++.so.6'])
    await makeImage({ registry, repository: 'work', tag: '1', config: { architecture: 'arm64' } })
    const base = `${fake.host}/work:1`
    const derived = await images.deriveImage({
      base,
      layers: ['kit'],
      repository: `${fake.host}/derived`,
      architecture: 'arm64',
    })
    assert.equal(derived.facts.architecture, 'arm64')
    fake.requests.length = 0
    assert.equal((await open({ arm64 }).kitCommand('arm64')).length, 5 + NODE_OPTIONS.length)
    assert.deepEqual(fake.requestsOf('GET', /blobs/).length, 1, 'the configuration of the image that its tag means now')
  })

  it('is missed by name where there is none, or one for another architecture', async () => {
    const none = await push('none', [await archive('other', [{ path: '/usr/x', content: 'x' }])])
    await assert.rejects(open({ arm64: none }).kitCommand('arm64'), {
      code: 'image-refused',
      message: /^127\.0\.0\.1:\d+\/spillway@sha256:[0-9a-f]{64} holds no runtime kit\. Name an image/,
    })
    const wrong = await archive('wrong', await filesOfKit((await kitIn(path('own')))!, path('own', 'supervisor.cjs')))
    await assert.rejects(open({ arm64: await push('wrong', [wrong]) }).kitCommand('arm64'), {
      code: 'invalid-configuration',
      message:
        /^kitImages\.arm64 must name one with a runtime kit for arm64, got .*spillway:wrong, which is for x86_64\./,
    })
    assert.deepEqual(
      readdirSync(path('cache', 'kits-of-images')).filter((name) => name.endsWith('.draft')),
      [],
    )
  })
})
