/** Registries as they are in the wild: each of them signs in, mounts and redirects in its own way, and fails at times. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Credentials } from '../../../../dispatcher/images/credentials/credentials.js'
import { digestOf } from '../../../../dispatcher/images/manifest.js'
import { Registry, type RegistryOptions } from '../../../../dispatcher/images/registry/registry.js'
import { FakeRegistry, PASSWORD, USER, type FakeRegistryOptions } from '../../../support/fake-registry.js'
import { freePort } from '../../../support/free-port.js'
import { registrySuite } from '../../../suites/registry.suite.js'

const LOGIN: Credentials = { username: USER, password: PASSWORD }
const providerOf = (credentials: Credentials) => ({ credentialsFor: () => Promise.resolve(credentials) })

const VARIANTS: Record<string, FakeRegistryOptions> = {
  'without sign-in': {},
  'that signs in by name and password': { auth: 'basic' },
  'that signs in by token, mounts nothing and keeps blobs elsewhere': {
    auth: 'bearer',
    refuseMounts: true,
    redirectBlobs: true,
  },
}

describe('registry', () => {
  for (const [name, options] of Object.entries(VARIANTS))
    registrySuite({
      name: `a registry ${name}`,
      start: async () => {
        const fake = await FakeRegistry.start(options)
        return { host: fake.host, credentials: [providerOf(LOGIN)], close: () => fake.close() }
      },
    })

  describe('a registry with its ways', () => {
    let fake: FakeRegistry
    afterEach(() => fake.close())

    const open = async (options: FakeRegistryOptions = {}, more: Partial<RegistryOptions> = {}) => {
      fake = await FakeRegistry.start(options)
      return new Registry({ registry: fake.host, credentials: [], now: Date.now, firstDelayMs: 1, ...more })
    }
    const signedIn = { credentials: [providerOf(LOGIN)] }
    const blobOf = (content: Buffer) => ({
      digest: digestOf(content),
      size: content.length,
      mediaType: '',
      open: () => Readable.from([content]),
    })
    const blob = blobOf(Buffer.from('flower'))

    it('asks for one token per repository, and for another when that has run out', async () => {
      let now = Date.now()
      const registry = await open({ auth: 'bearer' }, { ...signedIn, now: () => now })
      await registry.putBlob('a', blob)
      for (let time = 0; time < 5; time++) await registry.hasBlob('a', blob.digest)
      assert.equal(fake.requestsOf('GET', /^\/token/).length, 2, 'one to push, one to pull')
      now += 300_000
      await registry.hasBlob('a', blob.digest)
      assert.equal(fake.requestsOf('GET', /^\/token/).length, 3)
    })

    it('asks for another token when the one it has is refused, also between the parts of an upload', async () => {
      const registry = await open({ auth: 'bearer' }, signedIn)
      await registry.putBlob('a', blob)
      fake.revoke()
      assert.equal(await registry.hasBlob('a', blob.digest), true)
      const source = blobOf(randomBytes(1000))
      fake.fail({
        method: 'PUT',
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="http://${fake.host}/token",service="flowers"` },
      })
      await registry.putBlob('a', source)
      assert.equal(await registry.hasBlob('a', source.digest), true)
    })

    it('exchanges a token that stands for a login', async () => {
      const credentials = [providerOf({ identityToken: PASSWORD })]
      const registry = await open({ auth: 'bearer' }, { credentials })
      await registry.putBlob('a', blob)
      assert.ok(fake.requestsOf('POST', /^\/token/).length > 0)
    })

    it('sends no password to a place that is not secret where the registry is', async () => {
      const registry = await open({}, signedIn)
      const realm = 'ftp://example.org/token'
      fake.fail({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } })
      await assert.rejects(
        registry.hasBlob('a', blob.digest),
        /"ftp:\/\/example.org\/token", which is no address by HTTPS/,
      )
    })

    it('says what is missing when it is not let in', async () => {
      for (const auth of ['basic', 'bearer'] as const) {
        const registry = await open({ auth })
        await assert.rejects(registry.manifestDigest('a', '1'), {
          code: 'registry-refused',
          message:
            /answered 401.* to (HEAD \/v2\/a\/manifests\/1|GET \/token)\..*docker login.*SPILLWAY_REGISTRY_<HOST>_USERNAME/,
        })
        if (auth === 'basic') await fake.close()
      }
    })

    it('shows its credentials to the registry, not to the store that the blobs are in', async () => {
      const registry = await open({ auth: 'basic', redirectBlobs: true }, signedIn)
      await registry.putBlob('a', blob)
      assert.equal((await registry.readBlob('a', blob)).toString(), 'flower')
      assert.deepEqual(fake.storeRequests, [{ method: 'GET', path: `/${blob.digest}` }])
    })

    it('tries again what passes: too many requests, faults of the server, connections that break', async () => {
      const registry = await open()
      fake.fail({ status: 429, headers: { 'retry-after': '0' } })
      fake.fail({ status: 503 })
      await registry.putBlob('a', blob)
      fake.fail({ method: 'PUT', status: 500 })
      const source = blobOf(randomBytes(1000))
      await registry.putBlob('a', source)
      assert.equal(await registry.hasBlob('a', source.digest), true)
      assert.deepEqual(fake.requestsOf('POST').length, 5)
    })

    it('gives up after four tries, with the words of the registry', async () => {
      const registry = await open()
      fake.fail({ status: 503, times: 100 })
      await assert.rejects(registry.getManifest('a', '1'), {
        code: 'registry-unavailable',
        message: `The registry ${fake.host} answered 503 (out of order) to GET /v2/a/manifests/1. Try again later.`,
      })
      assert.equal(fake.requests.length, 4)
    })

    it('does not wait longer than makes sense', async () => {
      const registry = await open()
      fake.fail({ status: 429, headers: { 'retry-after': '86400' } })
      await assert.rejects(registry.getManifest('a', '1'), { code: 'registry-unavailable' })
      assert.equal(fake.requests.length, 1)
    })

    it('says so when nobody answers, and when somebody speaks another protocol', async () => {
      const registry = `127.0.0.1:${await freePort()}`
      const options = { credentials: [], now: Date.now, firstDelayMs: 1 }
      await assert.rejects(new Registry({ ...options, registry }).hasBlob('a', blob.digest), {
        code: 'registry-unavailable',
        message: new RegExp(`The registry ${registry} did not answer HEAD /v2/a/blobs/.*ECONNREFUSED`),
      })
      await open()
      const byTls = fake.host.replace('127.0.0.1', '0.0.0.0')
      await assert.rejects(new Registry({ ...options, registry: byTls }).hasBlob('a', blob.digest), {
        code: 'registry-unavailable',
        message: /It may speak plain HTTP: name it among the insecure registries/,
      })
      const plain = new Registry({ ...options, registry: byTls, insecureRegistries: [byTls] })
      assert.equal(await plain.hasBlob('a', blob.digest), false)
    })

    it('sends a blob in pieces where large bodies are not taken', async () => {
      const registry = await open({ bodyBytesMax: 1000 }, { pieceBytes: 1000 })
      const source = blobOf(randomBytes(2500))
      await registry.putBlob('a', source)
      assert.deepEqual(fake.requestsOf('PATCH').length, 3)
      assert.ok(fake.blobs.get(source.digest))
    })

    it('uses nothing that is not what its digest says', async () => {
      const registry = await open()
      await registry.putBlob('a', blob)
      fake.blobs.set(blob.digest, Buffer.from('weed..'))
      await assert.rejects(
        registry.readBlob('a', blob),
        /gave content of digest sha256:\w+ for sha256:\w+. Nothing of it is used/,
      )
      fake.blobs.set(blob.digest, Buffer.from('flowers'))
      await assert.rejects(registry.readBlob('a', blob), /gave more than 6 bytes/)
      fake.blobs.set(blob.digest, Buffer.from('flow'))
      await assert.rejects(registry.readBlob('a', blob), /gave 4 bytes instead of 6/)
    })

    it('does not wait for the rest when it is told to stop', async () => {
      const registry = await open()
      fake.fail({ status: 503, times: 100, headers: { 'retry-after': '20' } })
      const signal = AbortSignal.timeout(50)
      await assert.rejects(registry.getManifest('a', '1', signal), { name: 'TimeoutError' })
    })
  })
})
