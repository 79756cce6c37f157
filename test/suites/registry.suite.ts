/** What images need of a registry, on the stand-in and on real ones. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { CredentialProvider } from '../../dispatcher/images/credentials/credentials.js'
import type { Images } from '../../dispatcher/images/images.js'
import { digestOf, type ImageConfig, type Manifest } from '../../dispatcher/images/manifest.js'
import { openImages } from '../../dispatcher/images/open-images.js'
import { Registry } from '../../dispatcher/images/registry/registry.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { makeImage, makeIndex } from '../support/registry-image.js'
import { smallKit } from '../support/small-kit.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

export interface RegistrySuite {
  name: string
  /** Starts a registry; undefined: it can't run here. */
  start(): Promise<StartedRegistry | undefined>
}

export interface StartedRegistry {
  /** As users call it. */
  host: string
  credentials: readonly CredentialProvider[]
  close(): Promise<void>
}

const CONFIG: NonNullable<ImageConfig['config']> = {
  Entrypoint: ['/bin/tell', 'first word'],
  Cmd: ['second', ''],
  WorkingDir: '/srv/work',
  User: '1000:1000',
  Env: ['PATH=/bin', 'A=b=c'],
}

export function registrySuite({ name, start }: RegistrySuite): void {
  describe(name, () => {
    const directory = temporaryDirectory()
    let started: StartedRegistry
    let registry: Registry
    let images: Images
    let at = 0
    /** A repository that no other test has. */
    let repository: string

    before(async function () {
      const answer = await start()
      if (!answer) return this.skip()
      started = answer
    })
    after(() => started?.close())
    beforeEach(() => {
      repository = `suite/test-${++at}`
      registry = new Registry({ registry: started.host, credentials: started.credentials, now: Date.now })
      images = openWith('cache')
    })

    const openWith = (cache: string) =>
      openImages({
        cacheDirectory: join(directory(), cache),
        supervisor: join(directory(), 'kit/supervisor.cjs'),
        node: '/none',
        kits: { x86_64: smallKit(join(directory(), 'kit')), arm64: smallKit(join(directory(), 'kit-arm64'), 'arm64') },
        credentials: started.credentials,
        now: Date.now,
      })
    const sourceOf = (content: Buffer) => ({
      digest: digestOf(content),
      size: content.length,
      open: () => Readable.from([content]),
    })
    const readManifest = async (place: string, reference: string) => {
      const document = await registry.getManifest(place, reference)
      assert.ok(document)
      return { document, manifest: JSON.parse(document.body.toString()) as Manifest }
    }
    const readConfig = async (place: string, manifest: Manifest) =>
      JSON.parse((await registry.readBlob(place, manifest.config)).toString()) as ImageConfig

    it('takes a blob and gives it back, as a whole and its end', async () => {
      const content = randomBytes(300_000)
      const blob = { ...sourceOf(content), mediaType: '' }
      assert.equal(await registry.hasBlob(repository, blob.digest), false)
      await registry.putBlob(repository, blob)
      assert.equal(await registry.hasBlob(repository, blob.digest), true)
      assert.ok((await registry.readBlob(repository, blob)).equals(content))
      assert.deepEqual(await registry.blobEnd(repository, blob, 4), content.subarray(-4))
    })

    it('does not take a blob that is not what its digest says', async () => {
      const blob = { ...sourceOf(randomBytes(1000)), digest: digestOf(Buffer.from('another')) }
      await assert.rejects(registry.putBlob(repository, blob), (error) => error instanceof SpillwayError)
      assert.equal(await registry.hasBlob(repository, blob.digest), false)
    })

    it('makes a blob of one repository a blob of another', async () => {
      const blob = sourceOf(randomBytes(1000))
      await registry.putBlob(repository, blob)
      await registry.mountBlob(`${repository}-b`, repository, blob)
      assert.equal(await registry.hasBlob(`${repository}-b`, blob.digest), true)
    })

    it('knows what a tag means, and that there is no such tag or repository', async () => {
      const { digest } = await makeImage({ registry, repository, tag: '1' })
      assert.equal(await registry.manifestDigest(repository, '1'), digest)
      assert.equal((await registry.getManifest(repository, digest))?.digest, digest)
      assert.equal(await registry.manifestDigest(repository, '2'), undefined)
      assert.equal(await registry.getManifest(repository, '2'), undefined)
      assert.equal(await registry.manifestDigest(`${repository}-none`, '1'), undefined)
      await assert.rejects(images.readImageFacts(`${registry.name}/${repository}:2`), {
        code: 'image-refused',
        message: `There is no image ${registry.name}/${repository}:2 in its registry. Check the name and the tag.`,
      })
    })

    it('tells what an image says about itself', async () => {
      const { digest, body } = await makeIndex({
        registry,
        repository,
        tag: '1',
        architectures: ['arm64', 'amd64'],
        config: { config: CONFIG },
      })
      const name = `${registry.name}/${repository}`
      const facts = await images.readImageFacts(`${name}:1`)
      const arm = await images.readImageFacts(`${name}@${digest}`, { architecture: 'arm64' })
      const { manifests } = JSON.parse(body.toString()) as {
        manifests: { digest: string; platform: { architecture: string } }[]
      }
      const digestFor = (architecture: string) =>
        manifests.find(({ platform }) => platform.architecture === architecture)?.digest
      assert.equal(facts.reference, `${name}@${digestFor('amd64')}`)
      assert.deepEqual([arm.reference, arm.architecture], [`${name}@${digestFor('arm64')}`, 'arm64'])
      assert.deepEqual(
        { ...facts, id: '', reference: '' },
        {
          reference: '',
          id: '',
          architecture: 'x86_64',
          entrypoint: CONFIG.Entrypoint,
          command: CONFIG.Cmd,
          program: ['/bin/tell', 'first word', 'second', ''],
          workingDirectory: '/srv/work',
          user: '1000:1000',
          environment: { PATH: '/bin', A: 'b=c' },
        },
      )
    })

    for (const family of ['docker', 'oci'] as const)
      it(`derives an image of the family ${family}: the base and its words stay, layers come on top`, async () => {
        const base = await makeImage({
          registry,
          repository,
          tag: '1',
          family,
          config: { config: CONFIG },
          layers: [Buffer.from('a'), Buffer.from('b')],
        })
        const target = `${repository}-derived`
        const script = [{ path: '/opt/spillway/function/run.sh', content: 'echo hello', mode: 0o755 }]
        const request = {
          base: `${registry.name}/${repository}:1`,
          layers: ['kit' as const, script],
          repository: `${registry.name}/${target}`,
        }
        const derived = await images.deriveImage(request)
        assert.equal(derived.pushed, true)
        assert.deepEqual(derived.facts.program, ['/bin/tell', 'first word', 'second', ''])

        const { document, manifest } = await readManifest(target, derived.tag)
        assert.equal(derived.reference, `${registry.name}/${target}@${document.digest}`)
        assert.equal(document.mediaType, base.mediaType)
        const baseManifest = JSON.parse(base.body.toString()) as Manifest
        assert.deepEqual(manifest.layers.slice(0, 2), baseManifest.layers)
        assert.deepEqual(new Set(manifest.layers.map(({ mediaType }) => mediaType)).size, 1)

        const config = await readConfig(target, manifest)
        assert.deepEqual(config.config, CONFIG)
        assert.equal(manifest.config.mediaType, baseManifest.config.mediaType)
        const diffIds = await Promise.all(
          manifest.layers.map(async (layer) => digestOf(gunzipSync(await registry.readBlob(target, layer)))),
        )
        assert.deepEqual(config.rootfs.diff_ids, diffIds)
        assert.deepEqual(
          config.history?.map((entry) => entry.created_by),
          ['a test', 'a test', 'spillway: runtime kit', 'spillway: files'],
        )

        assert.deepEqual(await images.deriveImage(request), { ...derived, pushed: false })
        assert.deepEqual(await openWith('other cache').deriveImage(request), { ...derived, pushed: false })
        const { tag, digest } = await images.planImage(request)
        assert.deepEqual([tag, `${registry.name}/${target}@${digest}`], [derived.tag, derived.reference])
      })

    it('derives for the architecture that is wanted', async () => {
      await makeIndex({ registry, repository, tag: '1', architectures: ['amd64', 'arm64'] })
      const request = {
        base: `${registry.name}/${repository}:1`,
        layers: ['kit' as const],
        repository: `${registry.name}/${repository}`,
      }
      const derived = await images.deriveImage({ ...request, architecture: 'arm64' })
      const { manifest } = await readManifest(repository, derived.tag)
      assert.equal((await readConfig(repository, manifest)).architecture, 'arm64')
      assert.notEqual((await images.deriveImage(request)).tag, derived.tag)
      await makeImage({ registry, repository, tag: 'small' })
      await assert.rejects(
        images.deriveImage({ ...request, base: `${registry.name}/${repository}:small`, architecture: 'arm64' }),
        /is for linux\/amd64, and linux\/arm64 \(architecture: arm64\) is wanted/,
      )
    })

    it('measures how large an image is unpacked, without reading it', async () => {
      await makeImage({ registry, repository, tag: '1', layers: [Buffer.alloc(2_000_000), Buffer.from('b')] })
      const base = `${registry.name}/${repository}:1`
      const measure = await images.measureImage({ base, layers: [] })
      const [large, small] = measure.layers
      assert.equal(large?.unpackedBytes, 2_000_000)
      assert.ok(large.bytes < 10_000)
      assert.equal(small?.unpackedBytes, small?.bytes)
      assert.deepEqual([measure.architectures, measure.isIndex, measure.addedBytes], [['x86_64'], false, 0])
    })

    it('measures what is put on top of it too, unpacked', async () => {
      await makeImage({ registry, repository, tag: '1' })
      const base = `${registry.name}/${repository}:1`
      const zeros = [{ path: '/zeros', content: Buffer.alloc(3_000_000) }]
      const { addedBytes } = await images.measureImage({ base, layers: [zeros] })
      assert.ok(addedBytes >= 3_000_000 && addedBytes < 3_010_000, `${addedBytes}`)
      const withKit = await images.measureImage({ base, layers: ['kit', zeros] })
      assert.ok(withKit.addedBytes > addedBytes)
    })
  })
}
