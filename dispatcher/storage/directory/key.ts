/** Which texts can be keys and buckets of a directory storage. Pure; whatever a link on the disk says is checked in `inside`. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import { FILE_NAME_BYTES_MAX } from '../../../runtime/contract/worker-environment.js'
import type { ObjectRef } from '../object-store.js'

/** Files and folders whose name starts like this are ours: never a bucket, never part of a key. */
export const OWN_PREFIX = '.spillway'

/** The names of the folders on the way to the object and of its file; throws `invalid-key`. */
export function keySegments(storage: string, { bucket, key }: ObjectRef): string[] {
  checkBucket(storage, bucket)
  const problem = keyProblem(key)
  if (problem) throw new SpillwayError('invalid-key', `${storage}://${bucket}: the key ${show(key)} ${problem}`)
  return key.split('/')
}

export function checkBucket(storage: string, bucket: string): void {
  const problem = bucket.includes('/') ? 'has a slash; a bucket is one folder' : segmentProblem(bucket)
  if (problem) throw new SpillwayError('invalid-key', `${storage}: the bucket name ${show(bucket)} ${problem}`)
}

/** Why a directory cannot hold an object of that key, as the rest of the sentence "the key ..."; undefined when it can. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty; an object needs a name'
  if (key.startsWith('/')) return 'starts with a slash; write it relative to the bucket'
  if (key.endsWith('/')) return 'ends in a slash; folders come with the files in them'
  for (const segment of key.split('/')) {
    const problem = segmentProblem(segment)
    if (problem) return problem
  }
  return undefined
}

function segmentProblem(segment: string): string | undefined {
  if (segment === '') return 'has an empty part; a folder needs a name'
  if (segment === '.' || segment === '..') return `has the part "${segment}"; name every folder`
  if (segment.includes('\0')) return 'has a NUL character; file names cannot hold one'
  if (/\p{Surrogate}/u.test(segment)) return 'is not valid Unicode (half of a surrogate pair); file names are UTF-8'
  if (segment.startsWith(OWN_PREFIX))
    return `has a part that starts with ${OWN_PREFIX}; those names are kept for Spillway`
  const bytes = Buffer.byteLength(segment)
  if (bytes <= FILE_NAME_BYTES_MAX) return undefined
  return `has a part of ${bytes} bytes, file names take ${FILE_NAME_BYTES_MAX}; shorten it or split it with slashes`
}

const SHOWN_CHARACTERS_MAX = 100

const show = (text: string) =>
  JSON.stringify(text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text)
