/** Every file of a bucket, one after the other, without holding them all. */
import type { BigIntStats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, isMissing, LeadsOutside, unlessMissing } from './faults.js'
import { holdFolder, lookInside, type BucketRoot, type HeldFolder } from './inside.js'
import { OWN_PREFIX } from './key.js'

export interface Listing {
  root: BucketRoot
  /** Plain string prefix of keys. */
  prefix: string
  /** Told which folder could not be read; it is left out. */
  unreadable: (path: string, error: Error) => void
}

export interface ListedFile {
  key: string
  facts: BigIntStats
}

/**
 * Left out: what is ours, sockets and pipes, links that lead outside, and links to folders (a folder inside the bucket
 * is listed under its own name, so no circle of links has an end to look for). A name that is not UTF-8 arrives as
 * another text, under which there is no file.
 */
export async function* listFiles(listing: Listing): AsyncGenerator<ListedFile> {
  yield* filesIn(listing, await holdFolder(listing.root, listing.root), '')
}

async function* filesIn(listing: Listing, folder: HeldFolder, path: string): AsyncGenerator<ListedFile> {
  try {
    const entries = await unlessMissing(opendir(folder.path, { bufferSize: ENTRIES_AT_ONCE }))
    for await (const entry of entries ?? []) {
      const key = path + entry.name
      if (entry.name.startsWith(OWN_PREFIX)) continue
      if (entry.isDirectory()) yield* filesBelow(listing, folder, key)
      else if (key.startsWith(listing.prefix)) {
        const facts = await fileFacts(listing.root, join(folder.path, entry.name))
        if (facts) yield { key, facts }
      }
    }
  } finally {
    await folder.close()
  }
}

const ENTRIES_AT_ONCE = 256

async function* filesBelow(listing: Listing, parent: HeldFolder, key: string): AsyncGenerator<ListedFile> {
  const path = `${key}/`
  if (!path.startsWith(listing.prefix) && !listing.prefix.startsWith(path)) return
  const folder = await enter(listing, join(parent.path, key.slice(key.lastIndexOf('/') + 1)), key)
  if (folder) yield* filesIn(listing, folder, path)
}

async function enter({ root, unreadable }: Listing, path: string, key: string): Promise<HeldFolder | undefined> {
  try {
    return await holdFolder(root, path, { follow: false })
  } catch (error) {
    if (isMissing(error) || error instanceof LeadsOutside) return undefined
    if (errorCode(error) !== 'EACCES') throw error
    unreadable(key, error as Error)
    return undefined
  }
}

async function fileFacts(root: BucketRoot, path: string): Promise<BigIntStats | undefined> {
  const facts = await unlessMissing(lstat(path, { bigint: true }))
  if (facts?.isFile()) return facts
  return facts?.isSymbolicLink() ? factsBehindLink(root, path) : undefined
}

async function factsBehindLink(root: BucketRoot, path: string): Promise<BigIntStats | undefined> {
  try {
    const found = await lookInside(root, path)
    return found?.facts.isFile() ? found.facts : undefined
  } catch (error) {
    if (error instanceof LeadsOutside) return undefined
    throw error
  }
}
