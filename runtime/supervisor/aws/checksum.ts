/** Checksums by which S3 notices content that was changed on its way. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'

/** Bytes of a file from `start` on. */
export interface FilePart {
  path: string
  start: number
  size: number
}

/** For `x-amz-checksum-crc32`: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
export async function crc32Of(part: FilePart): Promise<string> {
  let sum = 0
  for await (const chunk of streamOf(part) as AsyncIterable<Buffer>) sum = crc32(chunk, sum)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes.toString('base64')
}

/** The part as a stream, in pieces that are few and no burden. */
export const streamOf = ({ path, start, size }: FilePart): Readable =>
  createReadStream(path, { start, end: start + size - 1, highWaterMark: READ_BYTES })

const READ_BYTES = 256 * 1024
