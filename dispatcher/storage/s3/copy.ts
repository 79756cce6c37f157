/** Parts of an upload that the store copies by itself from another of its objects. */
import { UploadPartCopyCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ObjectRef } from '../object-store.js'
import type { Upload } from './upload-book.js'

export interface PartCopy {
  source: ObjectRef
  /** Of the part, from 1. */
  number: number
  /** Its first and last byte in the source; absent: all of it, since small objects have no ranges to copy. */
  range?: string
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export function partCopies(source: ObjectRef, sizes: readonly number[]): PartCopy[] {
  if (sizes.length === 1) return [{ source, number: 1 }]
  let first = 0
  return sizes.map((size, index) => {
    const range = `bytes=${first}-${first + size - 1}`
    first += size
    return { source, number: index + 1, range }
  })
}

export async function copyPart(client: S3Client, upload: Upload, { source, number, range }: PartCopy): Promise<void> {
  const command = new UploadPartCopyCommand({
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.upload,
    PartNumber: number,
    CopySource: [source.bucket, ...source.key.split('/')].map(encodeURIComponent).join('/'),
    ...(range === undefined ? {} : { CopySourceRange: range }),
  })
  await client.send(command)
}
