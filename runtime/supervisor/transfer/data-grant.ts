/** A small input that the grant itself carries: `data:;base64,...`, https://www.rfc-editor.org/rfc/rfc2397 */
import { writeFileSync } from 'node:fs'
import type { Download } from './transfer.js'

/** Synchronously: it is small, and a script waits for it. */
export async function readDataGrant({ grant, to }: Download): Promise<void> {
  writeFileSync(to, Buffer.from(grant.url.slice(grant.url.indexOf(',') + 1), 'base64'))
}
