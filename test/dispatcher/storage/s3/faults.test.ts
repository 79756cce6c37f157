import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { S3ServiceException } from '@aws-sdk/client-s3'
import { callOn, isMissing, translate, unlessOwn } from '../../../../dispatcher/storage/s3/faults.js'
import { SpillwayError } from '../../../../runtime/contract/errors.js'

const call = callOn('my-lake', { bucket: 'b', key: 'k' }, 's3:GetObject')
const answered = (name: string, httpStatusCode: number, message = 'words of the store') =>
  new S3ServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } })
const system = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:9000`), { code })

describe('S3 storage: faults', () => {
  const cases: [string, unknown, string, RegExp][] = [
    ['a missing object', answered('NoSuchKey', 404), 'object-not-found', /no such object/],
    ['a HEAD that finds nothing', answered('NotFound', 404), 'object-not-found', /no such object/],
    ['a missing bucket', answered('NoSuchBucket', 404), 'bucket-not-found', /no bucket b/],
    ['a bad key', answered('XMinioInvalidObjectName', 400), 'invalid-key', /cannot hold/],
    ['a long key', answered('KeyTooLongError', 400), 'invalid-key', /cannot hold/],
    ['no permission', answered('AccessDenied', 403), 'storage-refused', /permission s3:GetObject/],
    ['a HEAD without permission', answered('Unknown', 403, 'UnknownError'), 'storage-refused', /s3:GetObject/],
    ['wrong keys', answered('InvalidAccessKeyId', 403), 'storage-refused', /SPILLWAY_STORAGE_MY_LAKE_ACCESS_KEY/],
    ['a token that has run out', answered('ExpiredToken', 400), 'storage-unavailable', /session token/],
    ['clocks', answered('RequestTimeTooSkewed', 403), 'storage-unavailable', /clocks/],
    ['another region', answered('PermanentRedirect', 301), 'storage-refused', /set `region`/],
    ['too many calls', answered('SlowDown', 503), 'storage-unavailable', /does not answer.*503 SlowDown/],
    ['a store that starts', answered('XMinioServerNotInitialized', 503), 'storage-unavailable', /does not answer/],
    ['a fault of the store', answered('InternalError', 500), 'storage-unavailable', /does not answer/],
    ['full disks', answered('XMinioStorageFull', 507), 'storage-unavailable', /make room/],
    ['a quota', answered('XMinioAdminBucketQuotaExceeded', 400), 'storage-refused', /quota/],
    ['a folder in the way', answered('XMinioParentIsObject', 400), 'output-refused', /in the way/],
    [
      'what nobody has heard of',
      answered('Novelty', 418),
      'storage-refused',
      /refuses.*418 Novelty: words of the store/,
    ],
    ['no server', system('ECONNREFUSED'), 'storage-unavailable', /does not answer.*ECONNREFUSED/],
    ['no such host', system('ENOTFOUND'), 'storage-unavailable', /does not answer/],
    ['silence', Object.assign(new Error('late'), { name: 'TimeoutError' }), 'storage-unavailable', /does not answer/],
    ['a foreign certificate', system('SELF_SIGNED_CERT_IN_CHAIN'), 'storage-unavailable', /caFile/],
    [
      'no keys at all',
      Object.assign(new Error('none'), { name: 'CredentialsProviderError' }),
      'storage-refused',
      /no keys/,
    ],
    [
      'an answer to the other client',
      Object.assign(new Error('no'), { code: 'AccessDenied' }),
      'storage-refused',
      /s3:Get/,
    ],
  ]
  for (const [what, error, code, message] of cases) {
    it(`says what to do about ${what}`, () => {
      const fault = translate(call, error)
      assert.ok(fault instanceof SpillwayError)
      assert.deepEqual([fault.code, fault.cause], [code, error])
      assert.match(fault.message, message)
      assert.ok(fault.message.startsWith('my-lake://b/k: '), fault.message)
    })
  }

  it('leaves bugs, and what has been said, as they are', () => {
    for (const error of [
      new TypeError('x is not a function'),
      new SpillwayError('invalid-key', 'said'),
      'text',
      undefined,
    ])
      assert.equal(translate(call, error), error)
  })

  it('leaves errors of the content to its sender', async () => {
    const theirs = system('ECONNRESET')
    const content = new Readable({ read: () => undefined })
    const failed = new Promise((resolve) => content.once('error', resolve))
    content.destroy(theirs)
    await failed
    assert.equal(unlessOwn(content, theirs, call), theirs)
    assert.ok(unlessOwn(content, system('ECONNRESET'), call) instanceof SpillwayError)
  })

  it('knows what is missing by its status alone', () => {
    assert.ok(isMissing(answered('Unknown', 404)))
    assert.ok(!isMissing(answered('AccessDenied', 403)))
    assert.ok(!isMissing(system('ENOENT')))
    assert.ok(!isMissing(undefined))
  })
})
