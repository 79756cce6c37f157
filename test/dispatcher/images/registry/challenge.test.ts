/** What registries want to see of who calls them. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseChallenge } from '../../../../dispatcher/images/registry/challenge.js'

describe('challenges of registries', () => {
  it('ask for a token, or for a name and a password', () => {
    const token =
      'Bearer realm="https://auth.example.org/token",service="registry, of flowers",scope="repository:a/b:pull,push"'
    assert.deepEqual(parseChallenge(token), {
      scheme: 'bearer',
      realm: 'https://auth.example.org/token',
      service: 'registry, of flowers',
      scope: 'repository:a/b:pull,push',
    })
    assert.deepEqual(parseChallenge('Basic realm="a \\"b\\""'), { scheme: 'basic' })
    assert.deepEqual(parseChallenge('BEARER Realm=https://a.example.org'), {
      scheme: 'bearer',
      realm: 'https://a.example.org',
    })
  })

  it('prefer a token where both are offered, in whatever order', () => {
    const bearer = 'Bearer realm="https://a.example.org"'
    for (const both of [`Basic realm="x", ${bearer}`, `${bearer}, Basic realm="x"`])
      assert.deepEqual(parseChallenge(both), { scheme: 'bearer', realm: 'https://a.example.org' })
  })

  it('of other kinds are not understood', () => {
    for (const text of [undefined, '', 'Negotiate', 'Bearer', 'Bearer service="no realm"', 'Basically realm="x"'])
      assert.equal(parseChallenge(text), undefined, text)
  })

  it('are read back as they were put together', () => {
    const value = fc.stringMatching(/^[ -~]*$/)
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]+$/), value, value, (realm, service, scope) => {
        const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
        const text = `Bearer realm=${quoted(realm)}, service=${quoted(service)},scope=${quoted(scope)}`
        assert.deepEqual(parseChallenge(text), { scheme: 'bearer', realm, service, scope })
      }),
    )
  })

  it('never throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseChallenge(text)))
  })
})
