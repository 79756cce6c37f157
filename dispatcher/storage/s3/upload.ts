/** Multipart uploads: nothing of one is visible until it is completed, and then all of it at once. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { ObjectRef } from '../object-store.js'
import { isMissing, nameOf } from './faults.js'
import type { Piece } from './pieces.js'
import type { Upload } from './upload-book.js'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PARTS_MAX = 10_000
const MIB = 1024 ** 2

/** Name of the metadata by which a published object tells whose result it is. */
const ATTEMPT = 'spillway-attempt'

/** Sizes of the pieces in which a file goes: one, unless it is larger than a piece is meant to be. */
export function partSizes(size: number, partBytes: number): number[] {
  const least = Math.ceil(size / PARTS_MAX / MIB) * MIB
  const each = Math.max(partBytes, least)
  const count = Math.max(1, Math.ceil(size / each))
  return Array.from({ length: count }, (_, index) => Math.min(each, size - index * each))
}

export async function beginUpload(client: S3Client, { bucket, key }: ObjectRef, attempt?: string): Promise<Upload> {
  const metadata = attempt === undefined ? {} : { Metadata: { [ATTEMPT]: attempt } }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ...metadata }))
  return { bucket, key, upload: UploadId! }
}

/** Sends one piece after the other. */
export async function sendPieces(
  client: S3Client,
  { bucket, key, upload }: Upload,
  pieces: AsyncIterable<Piece>,
): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = []
  for await (const { piece } of pieces) {
    const PartNumber = parts.length + 1
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket: bucket, Key: key, UploadId: upload, PartNumber, Body: piece }),
    )
    parts.push({ PartNumber, ETag })
  }
  return parts
}

export interface Received {
  parts: CompletedPart[]
  /** bytes */
  size: number
}

/** The pieces that have arrived; undefined when there is no such upload (any more). */
export async function receivedParts(client: S3Client, { bucket, key, upload }: Upload): Promise<Received | undefined> {
  const received: Received = { parts: [], size: 0 }
  let marker: string | undefined
  try {
    do {
      const after = marker === undefined ? {} : { PartNumberMarker: marker }
      const page = await client.send(new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: upload, ...after }))
      for (const { PartNumber, ETag, Size } of page.Parts ?? []) {
        received.parts.push({ PartNumber, ETag })
        received.size += Size ?? 0
      }
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
    } while (marker !== undefined)
    return received
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** False when there is no such upload (any more). */
export async function completeUpload(
  client: S3Client,
  { bucket, key, upload }: Upload,
  parts: CompletedPart[],
): Promise<boolean> {
  try {
    await client.send(
      new CompleteMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        UploadId: upload,
        MultipartUpload: { Parts: parts },
      }),
    )
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

export async function abortUpload(client: S3Client, { bucket, key, upload }: Upload): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload }))
  } catch (error) {
    if (!isGone(error) && nameOf(error) !== 'NoSuchBucket') throw error
  }
}

/** Size of the object if it is that attempt's result. */
export async function publishedSize(
  client: S3Client,
  { bucket, key }: ObjectRef,
  attempt: string,
): Promise<number | undefined> {
  try {
    const { Metadata, ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
    return Metadata?.[ATTEMPT] === attempt ? (ContentLength ?? 0) : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const isGone = (error: unknown) => nameOf(error) === 'NoSuchUpload'
