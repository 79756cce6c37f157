/** What the operating system refuses, in the words of the error catalogue. */
import { SpillwayError } from '../../../runtime/contract/errors.js'

/** A link on the way to an object leads out of its bucket. */
export class LeadsOutside extends Error {
  constructor(readonly root: string) {
    super(`a link leads out of ${root}`)
  }
}

/** The folder of a bucket is not there, or not any more. */
export class BucketMissing extends Error {
  constructor(readonly path: string) {
    super(`${path} is not a folder`)
  }
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined

/** Nothing of that name, or a file where a folder of that name would have to be, or links in a circle. */
export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')

/** `undefined` instead of an error when there is nothing of that name. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Runs one operation; what the system refuses becomes an error that a person can act on. `where` is `storage://bucket/key`. */
export async function translated<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translate(where, error)
  }
}

export function translate(where: string, error: unknown): unknown {
  if (error instanceof LeadsOutside) {
    const advice = 'put the file or folder itself there'
    return new SpillwayError(
      'invalid-key',
      `${where}: a link on the way leads out of the bucket (${error.root}); ${advice}`,
    )
  }
  if (error instanceof BucketMissing) {
    return new SpillwayError('bucket-not-found', `${where}: there is no such bucket; create the folder ${error.path}`)
  }
  const code = errorCode(error)
  if (code === undefined) return error
  const { message } = error as Error
  if (code === 'ENAMETOOLONG') {
    return new SpillwayError('invalid-key', `${where}: the path is too long for the file system (${message})`)
  }
  const advice = ADVICE[code] ?? 'check the folder and its disk'
  const facts = FULL.includes(code) ? { full: true } : {}
  return new SpillwayError('storage-unavailable', `${where}: ${advice} (${message})`, facts, { cause: error })
}

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT']

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'the dispatcher may not use this file or folder; change its owner or mode',
  EPERM: 'the dispatcher may not use this file or folder; change its owner or mode',
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota of the disk is used up; make room',
  EROFS: 'the disk is mounted read-only; mount it for writing',
  EMFILE: 'the dispatcher has too many files open; raise its limit of open files',
  ENFILE: 'the machine has too many files open',
}
