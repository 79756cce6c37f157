/** A file that is too large for one request goes piece by piece; what breaks off costs one piece. */
import { promises as fs } from 'node:fs'
import type { PartGrant } from '../../contract/grant.js'
import { writeHttpGrant } from './http-grant.js'
import { persistently } from './persistently.js'
import type { Upload } from './transfer.js'
import { TransferError } from './transfer-error.js'

export async function writeInParts(upload: Upload, parts: readonly PartGrant[]): Promise<void> {
  await mustHave(
    upload.from,
    parts.reduce((bytes, { size }) => bytes + size, 0),
  )
  let start = 0
  for (const { url, size } of parts) {
    const stretch = { start, size }
    const piece = { ...upload, grant: { ...upload.grant, url } }
    await persistently(upload.signal, () => writeHttpGrant(piece, stretch))
    start += size
  }
}

/** The pieces were granted for a file of that size. */
async function mustHave(path: string, bytes: number): Promise<void> {
  const { size } = await fs.stat(path)
  if (size !== bytes) throw new TransferError('refused', `it has ${size} bytes now, but ${bytes} were announced`)
}
