/** Puts the function's script and files where the script will look for them. */
import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import type { StartAnswer, StartFile } from '../contract/runtime-api.js'
import { ConfigError } from './config.js'
import { readGranted } from './transfer/granted.js'

/** Permission to write: what several attempts share, none of them changes by mistake. */
const WRITE = 0o222

export async function placeFiles({ worker, files }: StartAnswer, signal: AbortSignal): Promise<void> {
  mkdirSync(worker.filesDir, { recursive: true })
  for (const file of files) await place(file, worker.filesDir, signal)
}

async function place({ mode, grant }: StartFile, root: string, signal: AbortSignal): Promise<void> {
  const to = join(root, grant.name)
  if (normalize(grant.name).startsWith('..')) throw new ConfigError(`the file ${grant.name} lies outside the function`)
  mkdirSync(dirname(to), { recursive: true })
  await readGranted({ grant, to, bytesMax: grant.size, signal })
  chmodSync(to, (mode & ~WRITE) | 0o444)
}
