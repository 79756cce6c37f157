/** The supervisor's own client of S3 against servers that others wrote. */
import assert from 'node:assert/strict'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createHash, randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client as SdkClient } from '@aws-sdk/client-s3'
import { skipWhere } from '../../support/skip-where.js'
import { S3Client } from '../../../runtime/supervisor/aws/s3-client.js'
import { PARTS_FROM_BYTES, putFile, sendParts } from '../../../runtime/supervisor/aws/s3-upload.js'
import { readSigned } from '../../../runtime/supervisor/transfer/signed.js'
import { KEYS, MinioServer, whyNoMinio } from '../programs/minio.js'
import { MotoServer, whyNoMoto } from '../programs/moto.js'

interface Running {
  url: string
  keys: { accessKeyId: string; secretAccessKey: string }
  stop: () => Promise<unknown>
}

const SERVERS: Record<string, { missing: () => string | undefined; start: () => Promise<Running> }> = {
  MinIO: {
    missing: whyNoMinio,
    start: async () => {
      const server = await MinioServer.start()
      const keys = { accessKeyId: KEYS.accessKey, secretAccessKey: KEYS.secretKey }
      return { url: server.endpoint, keys, stop: () => server.stop() }
    },
  },
  moto: {
    missing: whyNoMoto,
    start: async () => {
      const server = await MotoServer.start()
      return { url: server.url, keys: { accessKeyId: 'test', secretAccessKey: 'test' }, stop: () => server.stop() }
    },
  },
}

for (const [name, { missing, start }] of Object.entries(SERVERS))
  describe(`S3 with our own signature: ${name}`, function () {
    this.timeout(300_000)
    const { signal } = new AbortController()
    let server: Running
    let s3: S3Client
    let sdk: SdkClient
    let directory: string

    skipWhere(missing)
    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'spillway-s3-'))
      server = await start()
      const place = { endpoint: server.url, region: 'us-east-1', credentials: server.keys }
      sdk = new SdkClient({ ...place, forcePathStyle: true })
      await sdk.send(new CreateBucketCommand({ Bucket: 'plants' }))
      s3 = new S3Client({ ...place, now: Date.now })
    })
    after(async () => {
      sdk?.destroy()
      await server?.stop()
      if (directory) rmSync(directory, { recursive: true, force: true })
    })

    const object = { bucket: 'plants', key: 'a b+c%2F=ü/&?#~*/x' }
    const fileOf = (content: string | Buffer) => {
      const from = join(directory, 'from')
      writeFileSync(from, content)
      return { from, size: content.length }
    }
    const download = async (bytesMax = 1e9) => {
      const to = join(directory, 'to')
      await readSigned({ s3, object, to, bytesMax, signal })
      return to
    }

    it('takes and gives small files, empty ones too', async () => {
      for (const content of [randomBytes(100_000), Buffer.alloc(0)]) {
        await putFile({ s3, object, ...fileOf(content), signal })
        assert.equal(await digestOf(await download()), createHash('sha256').update(content).digest('hex'))
      }
    })

    it('shows a file that was sent in parts when it is completed', async () => {
      const other = { bucket: 'plants', key: 'in parts' }
      const pending = await sendParts({ s3, object: other, ...fileOf('in parts'), signal })
      const look = () => s3.exchange({ method: 'GET', object: other, expected: [404] })
      assert.equal((await look()).status, 404)
      await pending.complete(signal)
      assert.equal((await look()).body, 'in parts')
    })

    it('takes a large file in parts, and leaves no upload open', async () => {
      const from = join(directory, 'large')
      await pipeline(createReadStream('/dev/urandom', { end: 20_000_000 }), createWriteStream(from))
      truncateSync(from, PARTS_FROM_BYTES + 1)
      await putFile({ s3, object, from, size: PARTS_FROM_BYTES + 1, signal })
      assert.equal(await digestOf(await download()), await digestOf(from))
      const { Uploads = [] } = await sdk.send(new ListMultipartUploadsCommand({ Bucket: 'plants' }))
      assert.deepEqual(Uploads, [])
    })

    it('keeps the first of two that may be written only once', async () => {
      const once = { bucket: 'plants', key: 'once' }
      const write = (text: string) =>
        s3.exchange({
          method: 'PUT',
          object: once,
          headers: { 'if-none-match': '*' },
          body: Buffer.from(text),
          expected: [409, 412],
        })
      assert.equal((await write('first')).status, 200)
      assert.equal((await write('second')).status, 412)
      assert.equal((await s3.exchange({ method: 'GET', object: once })).body, 'first')
    })
  })

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
