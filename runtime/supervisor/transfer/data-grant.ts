/** A small input that the grant itself carries: `data:;base64,...`, https://www.rfc-editor.org/rfc/rfc2397 */
import { writeFile } from 'node:fs/promises'
import type { Download } from './transfer.js'

export async function readDataGrant({ grant, to, signal }: Download): Promise<void> {
  await writeFile(to, Buffer.from(grant.url.slice(grant.url.indexOf(',') + 1), 'base64'), { signal })
}
