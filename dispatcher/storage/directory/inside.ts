/** Ways into a bucket that no key and no link leads out of, also when somebody swaps a folder for a link meanwhile. */
import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, readlink, realpath, unlink, type FileHandle } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { errorCode, isMissing, LeadsOutside, unlessMissing } from './faults.js'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

/** A folder that stays the same folder, whatever happens to its name; `path` is good until `close`. */
export interface HeldFolder {
  /** Address for opening and renaming what is in it. */
  readonly path: string
  /** Makes names that were added and removed survive a power cut. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Folder of a bucket with all links resolved: nothing outside it is touched. */
export type BucketRoot = string

export const isInside = (root: BucketRoot, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

/** Opens a folder of the bucket; with `follow: false` a link is refused (ENOTDIR or ELOOP) wherever it leads. */
export async function holdFolder(root: BucketRoot, path: string, { follow = true } = {}): Promise<HeldFolder> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW))
  try {
    const real = await realPathOf(handle, path)
    if (!isInside(root, real)) throw new LeadsOutside(root)
    return { path: addressOf(handle, real), sync: () => handle.sync(), close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Makes names that were added to a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, O_RDONLY | O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Path of an existing file or folder of the bucket with all links resolved; undefined when there is none. */
export async function realPathInside(root: BucketRoot, path: string): Promise<string | undefined> {
  const real = await unlessMissing(realpath(path))
  if (real !== undefined && !isInside(root, real)) throw new LeadsOutside(root)
  return real
}

/** What is at a path of the bucket, links followed; undefined when there is nothing. */
export async function lookInside(
  root: BucketRoot,
  path: string,
): Promise<{ real: string; facts: BigIntStats } | undefined> {
  const real = await realPathInside(root, path)
  const facts = real === undefined ? undefined : await unlessMissing(lstat(real, { bigint: true }))
  return real !== undefined && facts ? { real, facts } : undefined
}

/** Opens a file of the bucket for reading; undefined when there is no regular file of that name. */
export async function openFileInside(root: BucketRoot, segments: string[]): Promise<FileHandle | undefined> {
  const real = await realPathInside(root, join(root, ...segments))
  if (real === undefined) return undefined
  const handle = await openWithoutWaiting(real)
  if (!handle) return undefined
  try {
    if (!isInside(root, await realPathOf(handle, real))) throw new LeadsOutside(root)
    if ((await handle.stat()).isFile()) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

/** Removes a file of the bucket, or a link itself; nothing to remove is fine. */
export async function removeFileInside(root: BucketRoot, segments: string[]): Promise<void> {
  const folder = await unlessMissing(holdFolder(root, join(root, ...segments.slice(0, -1))))
  if (!folder) return
  try {
    await unlink(join(folder.path, segments.at(-1)!))
    await folder.sync()
  } catch (error) {
    if (!isMissing(error) && errorCode(error) !== 'EISDIR') throw error
  } finally {
    await folder.close()
  }
}

/** A pipe would keep `open` waiting for its other end; a socket cannot be opened at all. */
async function openWithoutWaiting(path: string): Promise<FileHandle | undefined> {
  try {
    return await unlessMissing(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  } catch (error) {
    if (errorCode(error) === 'ENXIO') return undefined
    throw error
  }
}

/** On Linux an open file has an address of its own, https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html */
const hasOwnAddress = process.platform === 'linux'

const addressOf = (handle: FileHandle, real: string) => (hasOwnAddress ? `/proc/self/fd/${handle.fd}` : real)

/** Where an open file really is. Elsewhere than on Linux a swap between `open` and this goes unseen if it is undone again. */
const realPathOf = (handle: FileHandle, path: string) =>
  hasOwnAddress ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(path)
