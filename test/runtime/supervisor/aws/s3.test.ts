import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { S3Client } from '../../../../runtime/supervisor/aws/s3-client.js'
import { objectAddress } from '../../../../runtime/supervisor/aws/s3-address.js'
import { putFile, sendParts } from '../../../../runtime/supervisor/aws/s3-upload.js'
import { readSigned } from '../../../../runtime/supervisor/transfer/signed.js'
import { TransferError } from '../../../../runtime/supervisor/transfer/transfer-error.js'
import { fault } from '../../../support/s3/answers.js'
import { SmallS3 } from '../../../support/s3/small-s3.js'
import { temporaryDirectory } from '../../../support/temporary-directory.js'

const ODD_KEY = 'in/a b+c%2F=ü/../&?#~*/./x'

describe('S3 with our own signature', () => {
  const directory = temporaryDirectory()
  const { signal } = new AbortController()
  let server: SmallS3
  let s3: S3Client

  beforeEach(async () => {
    server = await SmallS3.start()
    s3 = clientOf()
  })
  afterEach(() => server.stop())

  const clientOf = () =>
    new S3Client({ region: 'eu-west-1', endpoint: server.url, credentials: server.keys, now: Date.now })
  const file = (content: string) => {
    const path = join(directory(), 'file')
    writeFileSync(path, content)
    return { from: path, size: Buffer.byteLength(content) }
  }
  const object = { bucket: 'plants', key: ODD_KEY }
  const download = (bytesMax = 1e6) => {
    const to = join(directory(), 'got')
    return readSigned({ s3, object, to, bytesMax, signal }).then(() => readFileSync(to, 'utf8'))
  }

  it('writes and reads files under odd keys, an empty one too', async () => {
    for (const content of ['some bytes', '']) {
      await putFile({ s3, object, ...file(content), signal })
      assert.equal(server.text(`plants/${ODD_KEY}`), content)
      assert.equal(await download(), content)
    }
  })

  it('shows what was sent in parts when it is completed, and not before', async () => {
    const pending = await sendParts({ s3, object, ...file('in parts'), signal })
    assert.equal(server.objects.size, 0)
    await pending.complete(signal)
    assert.equal(server.text(`plants/${ODD_KEY}`), 'in parts')
    assert.equal(server.uploads.size, 0)
  })

  it('leaves nothing of what is thrown away, or could not be sent', async () => {
    const pending = await sendParts({ s3, object, ...file('never'), signal })
    await pending.abort()
    server.rule = ({ query }) => (query.has('partNumber') ? fault(403, 'AccessDenied') : undefined)
    await assert.rejects(sendParts({ s3, object, ...file('never'), signal }), refusal('refused', /403 AccessDenied/))
    assert.deepEqual([server.objects.size, server.uploads.size], [0, 0])
  })

  it('tries again what broke off, was too much at once, or arrived changed', async () => {
    const faults = [fault(503, 'SlowDown'), fault(500, 'InternalError'), fault(400, 'BadDigest')]
    server.rule = () => faults.pop()
    await putFile({ s3, object, ...file('at last'), signal })
    assert.equal(await download(), 'at last')
    assert.equal(server.requests.length, 5)
  })

  it('takes a completion that was carried out although its answer said otherwise', async () => {
    const pending = await sendParts({ s3, object, ...file('whole'), signal })
    let failures = 1
    server.rule = (request) => {
      if (!request.query.has('uploadId') || request.method !== 'POST' || failures-- <= 0) return undefined
      const [id, upload] = [...server.uploads][0]!
      server.uploads.delete(id)
      server.put(upload.place, 'whole')
      return { ...fault(200, 'InternalError'), status: 200 }
    }
    await pending.complete(signal)
    assert.equal(await download(), 'whole')
  })

  it('follows a bucket into its region, and remembers it', async () => {
    server.regions.set('plants', 'us-east-2')
    await putFile({ s3, object, ...file('far away'), signal })
    assert.equal(await download(), 'far away')
    assert.equal(server.requests.length, 3)
  })

  it('says what is missing, what is too large, and who may not', async () => {
    await assert.rejects(download(), refusal('missing', /404 NoSuchKey.* plants\/in/))
    server.put(`plants/${ODD_KEY}`, 'x'.repeat(100))
    await assert.rejects(download(99), refusal('too-large', /100 bytes/))
    s3 = new S3Client({
      region: 'eu-west-1',
      endpoint: server.url,
      credentials: { ...server.keys, secretAccessKey: 'x' },
      now: Date.now,
    })
    await assert.rejects(download(), refusal('missing', /403 SignatureDoesNotMatch/))
    await assert.rejects(putFile({ s3, object, ...file('x'), signal }), refusal('refused', /403/))
  })
})

describe('the address of an object', () => {
  it('has the bucket in its host at AWS, unless that is no host name', () => {
    const at = (bucket: string, region = 'eu-west-1') => objectAddress({ region }, { bucket, key: 'a/b c' })
    assert.deepEqual(at('plants'), { origin: 'https://plants.s3.eu-west-1.amazonaws.com', path: '/a/b%20c' })
    assert.deepEqual(at('my.plants'), { origin: 'https://s3.eu-west-1.amazonaws.com', path: '/my.plants/a/b%20c' })
    assert.deepEqual(at('plants', 'cn-north-1').origin, 'https://plants.s3.cn-north-1.amazonaws.com.cn')
  })

  it('has the bucket in its path elsewhere, below the path of the server', () => {
    const address = objectAddress({ region: 'x', endpoint: 'http://127.0.0.1:9000/s3/' }, { bucket: 'b', key: '../k' })
    assert.deepEqual(address, { origin: 'http://127.0.0.1:9000', path: '/s3/b/../k' })
  })
})

const refusal = (fault: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TransferError, String(error))
  assert.equal(error.fault, fault)
  assert.match(error.message, message)
  return true
}
