import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ObjectEvent } from '../../../runtime/contract/object-event.js'
import { parse } from '../../../runtime/events/parse.js'
import { s3Notification, type StorageType } from '../../../runtime/events/s3-notification.js'

const options = { storageOf: () => 'lake' }
const time = '2026-08-01T12:00:00.000Z'

const awsRecord = (changes: object = {}, object: object = {}) => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  awsRegion: 'eu-west-1',
  eventTime: time,
  eventName: 'ObjectCreated:Put',
  s3: {
    s3SchemaVersion: '1.0',
    configurationId: 'id',
    bucket: { name: 'plants', arn: 'arn:aws:s3:::plants' },
    object: { key: 'in/red+flower%2B%C3%BC.jpg', size: 17, eTag: 'abc', sequencer: '0055AED6DCD90281E5', ...object },
  },
  ...changes,
})
const event: ObjectEvent = {
  storage: 'lake',
  bucket: 'plants',
  key: 'in/red flower+ü.jpg',
  size: 17,
  etag: 'abc',
  sequencer: '0055AED6DCD90281E5',
  time,
}
const events = (document: unknown) => {
  const parsed = parse(JSON.stringify(document), options)
  assert.equal(parsed.problem, undefined)
  return parsed.events
}
const minioRecord = (changes: object = {}, object: object = {}) =>
  awsRecord(
    { eventVersion: '2.0', eventSource: 'minio:s3', eventName: 's3:ObjectCreated:Put', ...changes },
    { key: 'in%2Fred+flower%2B%C3%BC.jpg', ...object },
  )
/** Keys are not encoded. */
const cephRecord = (changes: object = {}, object: object = {}) =>
  awsRecord(
    { eventVersion: '2.2', eventSource: 'ceph:s3', eventId: '1713693798.43', opaqueData: '', ...changes },
    { key: event.key, metadata: [{ key: 'x-amz-meta-a', val: 'b' }], tags: [], ...object },
  )
const rustfsRecord = () =>
  minioRecord(
    { eventVersion: '2.1', eventSource: 'rustfs:s3', requestParameters: {}, responseElements: {}, source: {} },
    { contentType: 'image/jpeg', userMetadata: {}, versionId: '' },
  )
const eventBridge = (changes: object = {}) => ({
  version: '0',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  time,
  detail: {
    version: '0',
    bucket: { name: 'plants' },
    object: { key: 'in/red flower+ü.jpg', size: 17, etag: 'abc', sequencer: '0055AED6DCD90281E5' },
    reason: 'PutObject',
  },
  ...changes,
})
const cloudEvent = (data: unknown, type = 'com.amazonaws.s3.ObjectCreated:Put') => ({
  specversion: '1.0',
  id: '1',
  source: 'aws:s3.eu-west-1.plants',
  type,
  time,
  data,
})

describe('events: parse', () => {
  const forms: [string, unknown][] = [
    ['AWS S3', { Records: [awsRecord()] }],
    ['AWS S3 of a later minor version', { Records: [awsRecord({ eventVersion: '2.6' })] }],
    ['MinIO', { EventName: 's3:ObjectCreated:Put', Key: 'plants/in/red flower+ü.jpg', Records: [minioRecord()] }],
    ['RustFS', { EventName: 's3:ObjectCreated:Put', Key: 'plants/in/red flower+ü.jpg', Records: [rustfsRecord()] }],
    ['Ceph', { Records: [cephRecord()] }],
    ['Ceph, with the size as text', { Records: [cephRecord({}, { size: '17' })] }],
    [
      'older Ceph',
      {
        Records: [
          cephRecord(
            { eventName: 's3:ObjectCreated:Put', eventTime: time.replace('T', ' ') },
            { eTag: undefined, etag: 'abc' },
          ),
        ],
      },
    ],
    ['EventBridge', eventBridge()],
    ['CloudEvents with an S3 notification', cloudEvent({ Records: [awsRecord()] })],
    ['CloudEvents with a record of Ceph', cloudEvent(cephRecord())],
    ["CloudEvents of Amazon's type", cloudEvent(awsRecord().s3)],
    ["CloudEvents of Amazon's type, with s3:", cloudEvent(awsRecord().s3, 'com.amazonaws.s3.s3:ObjectCreated:Put')],
    ['CloudEvents with an event of EventBridge', cloudEvent(eventBridge(), 'aws.s3')],
    ['CloudEvents with a detail of EventBridge', cloudEvent(eventBridge().detail, 'aws.s3.object.created')],
    ['CloudEvents with text as data', cloudEvent(JSON.stringify(awsRecord().s3))],
    ['CloudEvents in a batch', [cloudEvent(awsRecord().s3)]],
  ]
  for (const [name, document] of forms) it(`reads ${name}`, () => assert.deepEqual(events(document), [event]))

  it('reads text, bytes and parsed documents alike', () => {
    const document = { Records: [awsRecord()] }
    const text = JSON.stringify(document)
    for (const raw of [text, Buffer.from(text), document]) assert.deepEqual(parse(raw, options).events, [event])
  })

  it("takes a key of Ceph as it is, with what would mean something else in the others'", () => {
    for (const key of ['a+b', '100%', 'a%2Fb', 'a b'])
      assert.equal(events({ Records: [cephRecord({}, { key })] })[0]!.key, key)
  })

  it('asks where an object lies with what the notification says', () => {
    const asked: unknown[] = []
    const storageOf = (origin: unknown) => (asked.push(origin), undefined)
    const parsed = parse({ Records: [minioRecord()] }, { storageOf })
    assert.deepEqual(asked, [{ eventSource: 'minio:s3', bucket: 'plants' }])
    assert.deepEqual(parsed.events, [])
    assert.match(parsed.problem!, /no configured storage holds the bucket plants of minio:s3/)
  })

  it('takes a missing size of MinIO for 0, unquotes tags, knows the version that is none', () => {
    const object = { size: undefined, eTag: '"abc"', versionId: 'null' }
    assert.deepEqual(events({ Records: [minioRecord({}, object)] }), [{ ...event, size: 0 }])
    assert.equal(events({ Records: [awsRecord({}, { versionId: 'v1' })] })[0]!.version, 'v1')
  })

  for (const kind of ['Put', 'Post', 'Copy', 'CompleteMultipartUpload']) {
    it(`takes ObjectCreated:${kind}`, () =>
      assert.equal(events({ Records: [minioRecord({ eventName: `s3:ObjectCreated:${kind}` })] }).length, 1))
  }

  const ignored: [string, unknown][] = [
    ['new tags', { Records: [minioRecord({ eventName: 's3:ObjectCreated:PutTagging' })] }],
    ['retention', { Records: [minioRecord({ eventName: 's3:ObjectCreated:PutRetention' })] }],
    ['legal hold', { Records: [minioRecord({ eventName: 's3:ObjectCreated:PutLegalHold' })] }],
    ['a removal', { Records: [awsRecord({ eventName: 'ObjectRemoved:Delete' }, { size: undefined })] }],
    ['the test event of S3', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'plants' }],
    ['a removal by EventBridge', eventBridge({ 'detail-type': 'Object Deleted' })],
    ['another source of EventBridge', eventBridge({ source: 'aws.ec2' })],
    ['a removal by CloudEvents', cloudEvent(awsRecord().s3, 'com.amazonaws.s3.ObjectRemoved:Delete')],
    ['no records', { Records: [] }],
  ]
  for (const [name, document] of ignored) it(`ignores ${name}`, () => assert.deepEqual(events(document), []))

  const wrong: [string, unknown, RegExp][] = [
    ['what is not JSON', '{"Records":', /not JSON/],
    ['an unknown format', { hello: 1 }, /no known format/],
    ['null', null, /no known format/],
    ['a key that is not form-encoded', { Records: [awsRecord({}, { key: '%zz' })] }, /not form-encoded/],
    ['a missing key', { Records: [awsRecord({}, { key: undefined })] }, /key/],
    ['half a character in a key', { Records: [awsRecord({}, { key: 'a\ud800' })] }, /no valid text/],
    ['a negative size', { Records: [awsRecord({}, { size: -1 })] }, /whole number of bytes/],
    ['a time that is none', { Records: [awsRecord({ eventTime: 'yesterday' })] }, /time/],
    ['another major version', { Records: [awsRecord({ eventVersion: '3.0' })] }, /not 2\.x/],
    ['a record without a name', { Records: [{}] }, /no eventName/],
    ['a bucket with a slash', eventBridge({ detail: { bucket: { name: 'a/b' }, object: {} } }), /bucket/],
    ['more than a notification may have', `"${'x'.repeat(2 ** 20)}"`, /at most 1048576 bytes/],
    ['deep nesting', '['.repeat(100_000) + ']'.repeat(100_000), /no known format/],
  ]
  for (const [name, raw, message] of wrong) {
    it(`says what is wrong with ${name}`, () => {
      const parsed = parse(raw, options)
      assert.deepEqual(parsed.events, [])
      assert.match(parsed.problem!, message)
    })
  }

  it('keeps the good records beside a bad one', () => {
    const parsed = parse({ Records: [awsRecord({}, { key: '%' }), awsRecord(), awsRecord({}, { key: 'b' })] }, options)
    assert.deepEqual([parsed.events.map(({ key }) => key), parsed.problem !== undefined], [[event.key, 'b'], true])
  })

  it('answers a value whatever comes in', () => {
    const texts = fc.oneof(fc.string(), fc.json(), fc.uint8Array(), fc.anything())
    const hostile = fc.anything().map((any) => ({ Records: [awsRecord({ s3: any }), any] }))
    const mutated = fc.tuple(
      fc.constantFrom(...forms.map(([, document]) => JSON.stringify(document))),
      fc.nat(),
      fc.string(),
    )
    const cut = mutated.map(
      ([text, at, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1),
    )
    fc.assert(
      fc.property(fc.oneof(texts, hostile, cut), (raw) => {
        for (const one of parse(raw, options).events) assert.equal(typeof one.key, 'string')
      }),
      { numRuns: 500 },
    )
  })
})

describe('events: s3-notification', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 })
  const anyEvent: fc.Arbitrary<ObjectEvent> = fc.record(
    {
      storage: fc.constant('lake'),
      bucket: text.filter((bucket) => !bucket.includes('/')),
      key: text,
      size: fc.nat(),
      version: fc.constant('v1'),
      etag: fc.constant('abc-2'),
      sequencer: fc.constant('0055AED6DCD90281E5'),
      time: fc.constant(time),
    },
    { requiredKeys: ['storage', 'bucket', 'key', 'size', 'time'] },
  )
  const types: StorageType[] = ['s3', 'minio', 'directory']

  it('is read back as the event it was made of', () => {
    fc.assert(
      fc.property(anyEvent, fc.constantFrom(...types), (one, type) => {
        assert.deepEqual(parse(JSON.stringify(s3Notification(one, type)), options), { events: [{ ...one }] })
      }),
    )
  })

  it('looks as the store itself would write it', () => {
    const one = { ...event, key: "in/a b+c(1)!'~*.jpg" }
    const aws = s3Notification(one, 's3')
    assert.equal(aws.Records[0]!.s3.object.key, 'in/a+b%2Bc%281%29%21%27%7E*.jpg')
    assert.deepEqual([aws.Records[0]!.eventSource, aws.Records[0]!.eventName], ['aws:s3', 'ObjectCreated:Put'])
    const minio = s3Notification(one, 'minio') as Record<string, unknown>
    assert.deepEqual([minio['EventName'], minio['Key']], ['s3:ObjectCreated:Put', `plants/${one.key}`])
    assert.equal(s3Notification(one, 'directory').Records[0]!.eventSource, 'spillway:directory')
  })
})
