/** What a worker does with a grant, whatever store it leads to. */
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { Grant } from '../../runtime/contract/grant.js'

export async function getGrant(grant: Grant): Promise<Readable> {
  if (grant.url.startsWith('file:')) return createReadStream(fileURLToPath(grant.url))
  const answer = await fetch(grant.url, { headers: grant.headers ?? {} })
  if (!answer.ok || !answer.body) throw new Error(`GET ${grant.url}: ${answer.status}`)
  return Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0])
}

export async function putGrant(grant: Grant, content: Buffer): Promise<void> {
  if (grant.url.startsWith('file:')) {
    return pipeline(Readable.from([content]), createWriteStream(fileURLToPath(grant.url)))
  }
  const answer = await fetch(grant.url, { method: 'PUT', headers: grant.headers ?? {}, body: new Uint8Array(content) })
  if (!answer.ok) throw new Error(`PUT ${grant.url}: ${answer.status}`)
}
