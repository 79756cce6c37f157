/** Grants of a dispatcher on the same disk: a copy that shares blocks where the file system can, or a rename. */
import { constants, promises as fs } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCode } from '../attempt-failure.js'
import type { Download, Upload } from './transfer.js'
import { TransferError } from './transfer-error.js'

export async function readFileGrant({ grant, to, bytesMax }: Download): Promise<void> {
  const from = fileURLToPath(grant.url)
  const size = await sizeOf(from)
  if (size > bytesMax) throw new TransferError('too-large', `it has ${size} bytes, at most ${bytesMax} fit`)
  await fs.copyFile(from, to, constants.COPYFILE_FICLONE)
  await fs.chmod(to, 0o644)
}

async function sizeOf(path: string): Promise<number> {
  try {
    const status = await fs.stat(path)
    if (status.isFile()) return status.size
  } catch (error) {
    throw new TransferError('missing', errorCode(error) === 'ENOENT' ? 'it is gone' : String(error))
  }
  throw new TransferError('missing', 'it is no file')
}

export async function writeFileGrant({ grant, from, mayMove }: Upload): Promise<void> {
  const to = fileURLToPath(grant.url)
  await fs.mkdir(dirname(to), { recursive: true })
  if (!mayMove || !(await moved(from, to))) await fs.copyFile(from, to, constants.COPYFILE_FICLONE)
  await fs.chmod(to, 0o644)
  await flush(to)
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await fs.rename(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EXDEV') return false
    throw error
  }
}

async function flush(path: string): Promise<void> {
  const file = await fs.open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
