/** Puts a finished file under its key: at once, as a whole, and so that a power cut cannot take it back. */
import { constants } from 'node:fs'
import { lstat, mkdir, open, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { errorCode, isMissing, unlessMissing } from './faults.js'
import { holdFolder, realPathInside, type BucketRoot, type HeldFolder } from './inside.js'
import { OWN_PREFIX } from './key.js'

export interface Placement {
  /** Path of the finished file. */
  from: string
  root: BucketRoot
  segments: string[]
  /** For messages: `storage://bucket/key`. */
  where: string
  /** Distinguishes files that are on their way to the same folder; the same for every try of the same file. */
  unique: string
}

/** Resolves to the size of the file in bytes; undefined when there is no regular file at `from`. */
export async function place(placement: Placement): Promise<number | undefined> {
  const finished = await openFinished(placement.from)
  if (!finished) return undefined
  try {
    await finished.sync()
    const folder = await holdParent(placement)
    try {
      await moveInto(folder, finished, placement)
    } finally {
      await folder.close()
    }
    return (await finished.stat()).size
  } catch (error) {
    if (isMissing(error) && !(await unlessMissing(lstat(placement.from)))) return undefined
    throw error
  } finally {
    await finished.close()
  }
}

async function openFinished(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  if (!(await unlessMissing(lstat(path)))?.isFile()) return undefined
  return unlessMissing(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
}

async function moveInto(folder: HeldFolder, finished: FileHandle, placement: Placement): Promise<void> {
  const target = join(folder.path, placement.segments.at(-1)!)
  await checkTarget(target, placement)
  try {
    await rename(placement.from, target)
    await folder.sync()
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error
    await moveAcrossDisks({ folder, finished, target, placement })
  }
}

async function checkTarget(target: string, { root, where }: Placement): Promise<void> {
  const facts = await unlessMissing(lstat(target))
  if (facts?.isDirectory()) throw refused(where, 'there is a folder of that name')
  if (facts?.isSymbolicLink()) await realPathInside(root, target)
}

interface Move {
  folder: HeldFolder
  finished: FileHandle
  target: string
  placement: Placement
}

/** The copy gets a name that no key can have, on the disk of its bucket, then its own. */
async function moveAcrossDisks({ folder, finished, target, placement }: Move): Promise<void> {
  const copy = join(folder.path, `${OWN_PREFIX}-${placement.unique}`)
  await rm(copy, { force: true })
  try {
    await copyTo(copy, finished)
    await rename(copy, target)
  } catch (error) {
    await rm(copy, { force: true })
    throw error
  }
  await folder.sync()
  await unlink(placement.from)
}

/** Bytes copied at once. */
const COPY_BYTES = 1024 ** 2

async function copyTo(path: string, finished: FileHandle): Promise<void> {
  const copy = await open(path, 'wx')
  try {
    const content = finished.createReadStream({ start: 0, autoClose: false, highWaterMark: COPY_BYTES })
    for await (const chunk of content) await copy.appendFile(chunk as Buffer)
    await copy.sync()
  } finally {
    await copy.close()
  }
}

/** The folder that the object goes into; folders that are missing are made. */
async function holdParent({ root, segments, where }: Placement): Promise<HeldFolder> {
  const parents = segments.slice(0, -1)
  try {
    return await holdFolder(root, join(root, ...parents))
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error
  }
  let folder = await holdFolder(root, root)
  for (const [depth, name] of parents.entries()) {
    const parent = folder
    try {
      folder = await holdOrMake({ root, parent, name })
    } catch (error) {
      throw fileInTheWay(error) ? refused(where, `${parents.slice(0, depth + 1).join('/')} is not a folder`) : error
    } finally {
      await parent.close()
    }
  }
  return folder
}

async function holdOrMake({ root, parent, name }: { root: BucketRoot; parent: HeldFolder; name: string }) {
  const path = join(parent.path, name)
  try {
    return await holdFolder(root, path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  await mkdir(path).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error
  })
  await parent.sync()
  return holdFolder(root, path)
}

/** ENOENT here: a link to nothing. */
const fileInTheWay = (error: unknown) => ['ENOTDIR', 'ENOENT', 'ELOOP'].includes(errorCode(error) ?? '')

const refused = (where: string, why: string) =>
  new SpillwayError(
    'output-refused',
    `${where} cannot be written: ${why}; rename the result or remove what is in the way`,
  )
