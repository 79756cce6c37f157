/** Images through a real registry. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { join } from 'node:path'
import { digestOf } from '../../dispatcher/images/manifest.js'
import { openImages } from '../../dispatcher/images/open-images.js'
import { Registry } from '../../dispatcher/images/registry/registry.js'
import { makeImage } from '../support/registry-image.js'
import { smallBodiesProxy } from '../support/small-bodies-proxy.js'
import { smallKit } from '../support/small-kit.js'
import { temporaryDirectory } from '../support/temporary-directory.js'
import { registrySuite } from '../suites/registry.suite.js'
import { RegistryServer, whyNoRegistry, type RegistryOptions } from './programs/registry.js'

const start = async (options: RegistryOptions = {}) => {
  const why = whyNoRegistry()
  if (why === undefined) return RegistryServer.start(options)
  process.stdout.write(`    skipped: ${why}\n`)
  return undefined
}

const starting = (options: RegistryOptions) => async () => {
  const server = await start(options)
  return server && { host: server.host, credentials: server.credentials, close: () => server.stop() }
}

describe('docker-registry', function () {
  this.timeout(60_000)
  registrySuite({ name: 'without sign-in', start: starting({}) })
  registrySuite({ name: 'that signs in by name and password', start: starting({ signIn: true }) })

  describe('in company', () => {
    const directory = temporaryDirectory()
    let first: RegistryServer
    let second: RegistryServer

    before(async function () {
      const answers = [await start(), await start({ signIn: true })]
      if (!answers[0] || !answers[1]) return this.skip()
      ;[first, second] = answers as [RegistryServer, RegistryServer]
    })
    after(() => Promise.all([first?.stop(), second?.stop()]))

    it('gives its layers to an image that is derived in another registry', async () => {
      const registry = new Registry({ registry: first.host, credentials: [], now: Date.now })
      await makeImage({ registry, repository: 'a/base', tag: '1', layers: [randomBytes(5_000_000), randomBytes(100)] })
      const images = openImages({
        cacheDirectory: join(directory(), 'cache'),
        supervisor: join(directory(), 'kit/supervisor.cjs'),
        node: '/none',
        kits: { x86_64: smallKit(join(directory(), 'kit')) },
        credentials: second.credentials,
        now: Date.now,
      })
      const request = { base: `${first.host}/a/base:1`, layers: ['kit' as const], repository: `${second.host}/derived` }
      const derived = await images.deriveImage(request)
      const { layers } = await images.measureImage({ base: derived.reference, layers: [] })
      assert.deepEqual(
        layers.slice(0, 2).map(({ unpackedBytes }) => unpackedBytes >= 100),
        [true, true],
      )
      assert.equal((await images.deriveImage(request)).pushed, false)
    })

    it('takes a large blob behind a proxy that takes small bodies only', async () => {
      const proxy = await smallBodiesProxy(first.host, 1_000_000)
      try {
        const content = randomBytes(3_500_000)
        const blob = {
          digest: digestOf(content),
          size: content.length,
          mediaType: '',
          open: () => Readable.from([content]),
        }
        const options = { credentials: [], now: Date.now, firstDelayMs: 10, pieceBytes: 1_000_000 }
        await new Registry({ ...options, registry: proxy.host }).putBlob('a/large', blob)
        assert.ok(proxy.refused() > 0)
        const read = await new Registry({ ...options, registry: first.host }).readBlob('a/large', blob)
        assert.ok(read.equals(content))
      } finally {
        await proxy.close()
      }
    })
  })
})
