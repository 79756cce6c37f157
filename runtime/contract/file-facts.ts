/** A packaged file without its content. */
import { createHash } from 'node:crypto'
import type { FileFacts, PackagedFile } from './dispatcher-api.js'

export function fileFacts({ path, mode, data }: PackagedFile): FileFacts {
  const content = Buffer.from(data, 'base64')
  return { path, mode, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }
}
