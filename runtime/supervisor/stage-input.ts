/** Brings the input to where the script will look for it. */
import { join } from 'node:path'
import { extname } from 'node:path/posix'
import type { InputGrant } from '../contract/grant.js'
import { baseName } from '../contract/object-event.js'
import type { AttemptDocument } from '../contract/runtime-api.js'
import { formatBytes, formatMegabytes } from '../contract/units.js'
import { FILE_NAME_BYTES_MAX } from '../contract/worker-environment.js'
import { AttemptFailure } from './attempt-failure.js'
import { readGranted } from './transfer/granted.js'
import { TransferError } from './transfer/transfer-error.js'

const BYTES_PER_MEGABYTE = 1024 ** 2

/** Paths of the staged files, in the order of the grants. */
export async function stageInput(document: AttemptDocument, directory: string, signal: AbortSignal): Promise<string[]> {
  const { ephemeralStorageSize } = document.limits
  const total = document.input.reduce((bytes, grant) => bytes + grant.size, 0)
  const bytesMax = ephemeralStorageSize * BYTES_PER_MEGABYTE
  if (total > bytesMax) throw tooLarge(`the input has ${formatBytes(total)}`, ephemeralStorageSize)
  const paths: string[] = []
  for (const grant of document.input) {
    const to = join(directory, stagedName(grant.name))
    await readGranted({ grant, to, bytesMax, signal }).catch((error: unknown) => {
      throw asFailure(error, grant, ephemeralStorageSize)
    })
    paths.push(to)
  }
  return paths
}

/** The last segment of a key; one that no file system takes is cut in the middle so that its ending stays. */
export function stagedName(name: string): string {
  const base = baseName(name).replaceAll('\0', '_')
  if (base === '.' || base === '..') return 'input'
  if (Buffer.byteLength(base) <= FILE_NAME_BYTES_MAX) return base
  const ending = Buffer.byteLength(extname(base)) <= 32 ? extname(base) : ''
  return cut(base, FILE_NAME_BYTES_MAX - Buffer.byteLength(ending)) + ending
}

/** The longest beginning of a text that has no more bytes than that. */
function cut(text: string, bytesMax: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > bytesMax) break
    end += character.length
  }
  return text.slice(0, end)
}

/** What could not be fetched, as the cause of a failure. */
export function asFailure(error: unknown, { name }: Pick<InputGrant, 'name'>, megabytes: number): unknown {
  if (!(error instanceof TransferError)) return error
  const message = `the input ${name} could not be read: ${error.message}`
  if (error.fault === 'too-large') return tooLarge(`the input ${name}: ${error.message}`, megabytes)
  if (error.fault === 'interrupted') return new AttemptFailure('internal', message)
  return new AttemptFailure('input-missing', message)
}

export const tooLarge = (what: string, megabytes: number) =>
  new AttemptFailure(
    'input-too-large',
    `${what}; the scratch space has ${formatMegabytes(megabytes)}. Set a larger ephemeralStorageSize.`,
  )
