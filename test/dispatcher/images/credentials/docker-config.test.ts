/** What `docker login` and `podman login` keep. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  entryFor,
  parseDockerConfig,
  type DockerConfig,
} from '../../../../dispatcher/images/credentials/docker-config.js'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const LOGIN = { username: 'flower', password: 'pot:1' }

describe('the file of docker login', () => {
  it('names credentials by host, however the key is written', () => {
    const entry = { auth: base64('flower:pot:1') }
    for (const key of [
      'r.example.org:5000',
      'https://r.example.org:5000',
      'http://r.example.org:5000/v2/',
      'r.example.org:5000/team',
    ])
      assert.deepEqual(entryFor({ auths: { [key]: entry } }, 'r.example.org:5000'), { credentials: LOGIN }, key)
    assert.equal(entryFor({ auths: { 'r.example.org': entry } }, 'r.example.org:5000'), undefined)
    assert.equal(entryFor({}, 'r.example.org'), undefined)
  })

  it('calls the default registry by its old names', () => {
    for (const key of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io'])
      assert.deepEqual(entryFor({ auths: { [key]: LOGIN } }, 'docker.io'), { credentials: LOGIN }, key)
  })

  it('may hold a token instead of a password', () => {
    const config = { auths: { 'r.example.org': { auth: base64('00000000-0000:'), identitytoken: 'abc' } } }
    assert.deepEqual(entryFor(config, 'r.example.org'), { credentials: { identityToken: 'abc' } })
  })

  it('may leave credentials to a program', () => {
    const config: DockerConfig = {
      credHelpers: { 'r.example.org': 'gcloud' },
      credsStore: 'desktop',
      auths: { 'https://index.docker.io/v1/': {}, 'b.example.org': LOGIN },
    }
    assert.deepEqual(entryFor(config, 'r.example.org'), { helper: 'gcloud', server: 'r.example.org' })
    assert.deepEqual(entryFor(config, 'docker.io'), { helper: 'desktop', server: 'https://index.docker.io/v1/' })
    assert.deepEqual(entryFor(config, 'b.example.org'), { credentials: LOGIN })
    assert.equal(entryFor(config, 'c.example.org'), undefined)
  })

  it('is refused by name when it is none', () => {
    for (const text of ['', 'weed', '[]', 'null', '1'])
      assert.throws(() => parseDockerConfig(text, '/a/config.json'), {
        code: 'invalid-configuration',
        message: /^\/a\/config.json must be JSON as `docker login` writes it/,
      })
  })

  it('gives every name and password back', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes(':'))
    const password = fc.string({ unit: 'grapheme' }).filter((text) => !text.endsWith('\0'))
    fc.assert(
      fc.property(name, password, (username, password) => {
        const config = parseDockerConfig(
          JSON.stringify({ auths: { r: { auth: base64(`${username}:${password}`) } } }),
          'f',
        )
        assert.deepEqual(entryFor(config, 'r'), { credentials: { username, password } })
      }),
    )
  })

  it('never makes reading fail, whatever its parts are', () => {
    const part = fc.oneof(
      fc.constant(null),
      fc.record({ auth: fc.string(), username: fc.string() }, { requiredKeys: [] }),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), part), fc.string(), (auths, registry) => {
        entryFor({ auths }, registry)
      }),
    )
  })
})
