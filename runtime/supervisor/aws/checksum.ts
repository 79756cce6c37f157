/** Checksums by which S3 notices content that was changed on its way. */
import { createReadStream } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { FilePart } from '../file-part.js'

const READ_BYTES = 256 * 1024

/** For `x-amz-checksum-crc32`: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
export async function crc32Of({ path, start, size }: FilePart): Promise<string> {
  const file = createReadStream(path, { start, end: start + size - 1, highWaterMark: READ_BYTES })
  let sum = 0
  for await (const chunk of file as AsyncIterable<Buffer>) sum = crc32(chunk, sum)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes.toString('base64')
}
