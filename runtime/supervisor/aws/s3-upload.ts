/**
 * Uploads of files to S3 in two steps: the content is sent, and only then made visible, all at once.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import type { FilePart } from '../file-part.js'
import { persistently } from '../transfer/persistently.js'
import { TransferError } from '../transfer/transfer-error.js'
import { crc32Of } from './checksum.js'
import type { S3Object } from './s3-address.js'
import type { S3Answer, S3Client } from './s3-client.js'

export interface S3Upload {
  s3: S3Client
  object: S3Object
  /** See `S3Call`. */
  region?: string | undefined
  /** Path of the file. */
  from: string
  /** bytes */
  size: number
  signal: AbortSignal
}

/** Content that has arrived and is not visible yet. */
export interface PendingObject {
  /** Makes it visible. */
  complete(signal: AbortSignal): Promise<void>
  /** Throws it away. */
  abort(): Promise<void>
}

/** Bytes of a file from which on it is sent in parts: a part that breaks off is sent again, and not all of it. */
export const PARTS_FROM_BYTES = 256 * 1024 ** 2
const PART_BYTES = 64 * 1024 ** 2
/** Most parts of one upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PARTS_MAX = 10_000

/** Sends a file that is visible as soon as it has arrived. */
export async function putFile(upload: S3Upload): Promise<void> {
  if (upload.size < PARTS_FROM_BYTES) return putWhole(upload)
  const pending = await sendParts(upload)
  try {
    await pending.complete(upload.signal)
  } catch (error) {
    await pending.abort()
    throw error
  }
}

async function putWhole({ s3, object, region, from, size, signal }: S3Upload): Promise<void> {
  const part = { path: from, start: 0, size }
  await persistently(signal, async () =>
    s3.exchange({ method: 'PUT', object, region, signal, ...(await contentOf(part)) }),
  )
}

/** Sends a file that stays invisible until it is completed. */
export async function sendParts(upload: S3Upload): Promise<PendingObject> {
  const { s3, object, region, signal } = upload
  const uploadId = await begin(upload)
  const abort = async () => {
    const call = { method: 'DELETE', object, region, query: { uploadId } } as const
    await s3.exchange(call).catch(() => undefined)
  }
  try {
    const parts: SentPart[] = []
    for (const [index, part] of partsOf(upload).entries()) {
      const number = index + 1
      const { etag, checksum } = await sendPart({ s3, object, region, signal, part, number, uploadId })
      parts.push({ number, etag, checksum })
    }
    return { abort, complete: (until) => complete({ ...upload, uploadId, parts, signal: until }) }
  } catch (error) {
    await abort()
    throw error
  }
}

async function begin({ s3, object, region, signal }: S3Upload): Promise<string> {
  const headers = { 'x-amz-checksum-algorithm': 'CRC32' }
  const call = { method: 'POST', object, region, query: { uploads: '' }, headers, signal } as const
  const { body } = await persistently(signal, () => s3.exchange(call))
  const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(body)?.[1]
  if (!uploadId) throw new TransferError('refused', `S3 began no upload of ${object.bucket}/${object.key}`)
  return unescaped(uploadId)
}

interface SentPart {
  number: number
  etag: string
  checksum: string
}

interface PartUpload extends Pick<S3Upload, 's3' | 'object' | 'region' | 'signal'> {
  part: FilePart
  number: number
  uploadId: string
}

async function sendPart({ part, number, uploadId, ...call }: PartUpload): Promise<Omit<SentPart, 'number'>> {
  const { s3, object, region, signal } = call
  const query = { partNumber: String(number), uploadId }
  return persistently(signal, async () => {
    const content = await contentOf(part)
    const { headers } = await s3.exchange({ method: 'PUT', object, region, query, signal, ...content })
    return { etag: headers.etag ?? '', checksum: content.headers['x-amz-checksum-crc32'] }
  })
}

/** Saying it twice is harmless: an upload that is complete answers so again, or is not found any more. */
async function complete({
  s3,
  object,
  region,
  signal,
  uploadId,
  parts,
}: S3Upload & { uploadId: string; parts: SentPart[] }): Promise<void> {
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.map(partElement).join('')}</CompleteMultipartUpload>`)
  const call = { method: 'POST', object, region, query: { uploadId }, body, signal } as const
  let tries = 0
  await persistently(signal, async () => {
    const answer = await s3.exchange({ ...call, expected: tries++ > 0 ? [404] : [] })
    throwIfRefused(answer, object)
  })
}

/** A completion may fail after its 200 has been sent: the body tells. */
function throwIfRefused({ body }: S3Answer, { bucket, key }: S3Object): void {
  const code = /<Error>[\s\S]*<Code>([^<]*)<\/Code>/.exec(body)?.[1]
  if (code === undefined || code === 'NoSuchUpload') return
  throw new TransferError('interrupted', `S3 could not complete ${bucket}/${key}: ${code}`)
}

const partElement = ({ number, etag, checksum }: SentPart) =>
  `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><ChecksumCRC32>${checksum}</ChecksumCRC32></Part>`

function partsOf({ from, size }: S3Upload): FilePart[] {
  const bytes = Math.max(PART_BYTES, Math.ceil(size / PARTS_MAX))
  const count = Math.max(1, Math.ceil(size / bytes))
  return Array.from({ length: count }, (_, index) => ({
    path: from,
    start: index * bytes,
    size: Math.min(bytes, size - index * bytes),
  }))
}

async function contentOf(part: FilePart) {
  return { headers: { 'x-amz-checksum-crc32': await checksumOf(part) }, body: part }
}

const checksumOf = (part: FilePart) => (part.size === 0 ? Promise.resolve('AAAAAA==') : crc32Of(part))

const unescaped = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>')
