/** What it costs to have a derived image, and what happens on the way. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Images } from '../../../dispatcher/images/images.js'
import { openImages } from '../../../dispatcher/images/open-images.js'
import { Registry } from '../../../dispatcher/images/registry/registry.js'
import { eventually } from '../../support/eventually.js'
import { FakeRegistry, type FakeRegistryOptions } from '../../support/fake-registry.js'
import { makeImage } from '../../support/registry-image.js'
import { smallKit } from '../../support/small-kit.js'
import { temporaryDirectory } from '../../support/temporary-directory.js'

const CONTENT = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]

describe('derived images', () => {
  const directory = temporaryDirectory()
  let fake: FakeRegistry
  let images: Images
  let digest: string
  afterEach(() => {
    images.close()
    return fake.close()
  })

  const open = () =>
    openImages({
      cacheDirectory: join(directory(), 'cache'),
      supervisor: join(directory(), 'kit/supervisor.cjs'),
      node: '/none',
      kits: { x86_64: smallKit(join(directory(), 'kit')) },
      credentials: [],
      now: Date.now,
    })
  const start = async (options: FakeRegistryOptions = {}) => {
    fake = await FakeRegistry.start(options)
    images = open()
    const registry = new Registry({ registry: fake.host, credentials: [], now: Date.now })
    digest = (await makeImage({ registry, repository: 'base', tag: '1', layers: CONTENT })).digest
    fake.requests.length = 0
  }
  const request = (more = {}) => ({
    base: `${fake.host}/base:1`,
    layers: ['kit' as const],
    repository: `${fake.host}/derived`,
    ...more,
  })
  const asked = () =>
    fake.requests.map(({ method, path }) => `${method} ${path.replace(/sha256:\w+|spillway-\w+|[0-9a-f-]{36}.*/, 'X')}`)

  it('cost one question when they are unchanged, and another when the base has no digest', async () => {
    await start()
    await images.deriveImage(request({ base: `${fake.host}/base@${digest}` }))
    fake.requests.length = 0
    const again = await open().deriveImage(request({ base: `${fake.host}/base@${digest}` }))
    assert.equal(again.pushed, false)
    assert.deepEqual(asked(), ['HEAD /v2/derived/manifests/X'])
    await images.deriveImage(request())
    assert.deepEqual(asked().slice(1), ['HEAD /v2/base/manifests/1', 'HEAD /v2/derived/manifests/X'])
  })

  it('never move the layers of their base where the registry mounts them', async () => {
    await start()
    await images.deriveImage(request())
    assert.deepEqual(fake.requestsOf('GET', /base\/blobs/).length, 1, 'the configuration')
    assert.deepEqual(fake.requestsOf('POST', /mount=/).length, CONTENT.length)
    assert.deepEqual(fake.requestsOf('PUT', /uploads/).length, 2, 'kit and configuration')
  })

  it('get the layers of their base by upload where the registry mounts nothing', async () => {
    await start({ refuseMounts: true })
    const { pushed } = await images.deriveImage(request())
    assert.equal(pushed, true)
    assert.deepEqual(fake.requestsOf('PUT', /uploads/).length, CONTENT.length + 2)
    assert.deepEqual(fake.requestsOf('POST', /uploads\/$/).length, 2, 'a refused mount is an upload that has begun')
  })

  it('are made once, however many ask; one who gives up leaves the others theirs', async () => {
    await start()
    const signal = AbortSignal.abort(new Error('given up'))
    const all = Array.from({ length: 5 }, () => images.deriveImage(request()))
    await assert.rejects(images.deriveImage({ ...request(), signal }), /given up/)
    const references = (await Promise.all(all)).map(({ reference }) => reference)
    assert.equal(new Set(references).size, 1)
    assert.equal(fake.requestsOf('PUT', /manifests/).length, 1)
  })

  it('are tried again after a fault', async () => {
    await start()
    fake.fail({ method: 'PUT', path: /manifests/, status: 403 })
    await assert.rejects(images.deriveImage(request()), { code: 'registry-refused' })
    assert.equal((await images.deriveImage(request())).pushed, true)
  })

  it('are broken off when this closes', async () => {
    await start()
    fake.fail({ method: 'POST', status: 503, times: 1000, headers: { 'retry-after': '20' } })
    const derived = images.deriveImage(request())
    const ended = assert.rejects(derived, { name: 'AbortError' })
    await eventually(() => fake.requestsOf('POST').length > 0, { what: 'a question' })
    images.close()
    await ended
  })

  it('are known before they are made, without the network where the base was read before', async () => {
    await start()
    const base = `${fake.host}/base@${digest}`
    const facts = await images.readImageFacts(base)
    fake.requests.length = 0
    const planned = await open().planImage({ base, layers: ['kit'] })
    assert.deepEqual(planned.facts, facts)
    assert.deepEqual(fake.requests, [])
    const derived = await images.deriveImage(request({ base }))
    assert.equal(derived.reference, `${fake.host}/derived@${planned.digest}`)
    assert.equal(derived.tag, planned.tag)
  })

  it('are other ones for other layers', async () => {
    await start()
    const file = (content: string) => [{ path: '/opt/spillway/function/run.sh', content }]
    const tags = await Promise.all(
      [['kit' as const], ['kit' as const, file('a')], ['kit' as const, file('b')], [file('a'), 'kit' as const]].map(
        async (layers) => (await images.planImage({ base: request().base, layers })).tag,
      ),
    )
    assert.equal(new Set(tags).size, tags.length)
    assert.ok(tags.every((tag) => /^spillway-[0-9a-f]{32}$/.test(tag)))
    assert.deepEqual(
      readdirSync(join(directory(), 'cache/layers')).filter((name) => name.includes('draft')),
      [],
    )
  })

  it('do not believe what was kept when it is not whole', async () => {
    await start()
    const base = `${fake.host}/base@${digest}`
    const facts = await images.readImageFacts(base)
    for (const content of ['', '{', '{"manifest":{"mediaType":"","digest":"sha256:1","body":"{}"},"config":"{}"}']) {
      const kept = join(directory(), 'cache/images')
      for (const name of readdirSync(kept)) writeFileSync(join(kept, name), content)
      assert.deepEqual(await open().readImageFacts(base), facts)
    }
  })
})
