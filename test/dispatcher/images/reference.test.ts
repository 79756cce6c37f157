/** Names of images, as people and registries write them. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatReference, parseReference, parseRepository, tagOrDigest } from '../../../dispatcher/images/reference.js'
import { SpillwayError } from '../../../runtime/contract/errors.js'

const DIGEST = `sha256:${'0a'.repeat(32)}`

const part = fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)?$/)
const repository = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const registry = fc.constantFrom(
  'localhost',
  'localhost:5000',
  '127.0.0.1:80',
  '[::1]:5000',
  'r.example.org',
  'R.example.org:443',
)
const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined })
const digest = fc.option(fc.constant(DIGEST), { nil: undefined })

describe('names of images', () => {
  it('mean the default registry and the tag latest where they say nothing else', () => {
    const hub = { registry: 'docker.io' }
    assert.deepEqual(parseReference('busybox'), { ...hub, repository: 'library/busybox', tag: 'latest' })
    assert.deepEqual(parseReference('team/tool:1.2'), { ...hub, repository: 'team/tool', tag: '1.2' })
    assert.deepEqual(parseReference('index.docker.io/busybox:1'), { ...hub, repository: 'library/busybox', tag: '1' })
    assert.deepEqual(parseReference(`busybox@${DIGEST}`), { ...hub, repository: 'library/busybox', digest: DIGEST })
  })

  it('have a registry when the first part looks like a host', () => {
    const name = ({ registry, repository, tag }: ReturnType<typeof parseReference>) => [registry, repository, tag]
    assert.deepEqual(name(parseReference('localhost/a')), ['localhost', 'a', 'latest'])
    assert.deepEqual(name(parseReference('localhost:5000/a:b')), ['localhost:5000', 'a', 'b'])
    assert.deepEqual(name(parseReference('r.example.org/a/b')), ['r.example.org', 'a/b', 'latest'])
    assert.deepEqual(name(parseReference('[::1]:5000/a')), ['[::1]:5000', 'a', 'latest'])
  })

  it('may have a tag and a digest; the digest decides', () => {
    const both = parseReference(`r.example.org/a:1@${DIGEST}`)
    assert.deepEqual(both, { registry: 'r.example.org', repository: 'a', tag: '1', digest: DIGEST })
    assert.equal(tagOrDigest(both), DIGEST)
    assert.equal(formatReference(both), `r.example.org/a@${DIGEST}`)
  })

  it('are refused with the part that is wrong, and with what to write', () => {
    const refusal = (text: string) => {
      try {
        return JSON.stringify(parseReference(text))
      } catch (error) {
        assert.ok(error instanceof SpillwayError)
        return error.message
      }
    }
    assert.match(refusal('Busybox'), /"Busybox" is not the name of an image: the name Busybox is not allowed. Write/)
    assert.match(refusal('a:b c'), /the tag b c/)
    assert.match(refusal('a@sha256:12'), /the digest sha256:12/)
    assert.match(refusal('a..b.org:x/a'), /the registry a\.\.b\.org:x/)
    assert.match(refusal(`r.example.org/${'a/'.repeat(130)}a`), /the name a\/a/)
    for (const text of [
      '',
      ':',
      '@',
      '/a',
      'a/',
      'a//b',
      'https://r.example.org/a',
      'a:',
      'a\n',
      '../a',
      'localhost:5000/',
    ])
      assert.match(refusal(text), /is not the name of an image/, JSON.stringify(text))
  })

  it('are read back as they were put together', () => {
    fc.assert(
      fc.property(registry, repository, tag, digest, (registry, repository, tag, digest) => {
        const name = `${registry}/${repository}`
        const text = `${name}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`
        const reference = parseReference(text)
        assert.deepEqual([reference.registry, reference.repository], [registry, repository])
        assert.deepEqual([reference.tag, reference.digest], [tag ?? (digest ? undefined : 'latest'), digest])
        assert.equal(formatReference(parseReference(formatReference(reference))), formatReference(reference))
        assert.deepEqual(parseRepository(name), { registry, repository })
      }),
    )
  })

  it('are read or refused, whatever is written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9./:@_-]*$/)), (text) => {
        try {
          const reference = parseReference(text)
          assert.deepEqual(parseReference(formatReference(reference)).repository, reference.repository)
        } catch (error) {
          assert.ok(error instanceof SpillwayError, String(error))
        }
      }),
    )
  })
})
