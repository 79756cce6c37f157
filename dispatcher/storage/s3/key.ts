/** Which texts can be keys and buckets of an S3 store; what only the server knows, it says itself. Pure. */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { ObjectRef } from '../object-store.js'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const KEY_BYTES_MAX = 1024

/** Also older names than AWS takes today. Nothing that could be part of a path or of another host name. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/

/** Throws `invalid-key`. */
export function checkObject(storage: string, { bucket, key }: ObjectRef): void {
  checkBucket(storage, bucket)
  const problem = keyProblem(key)
  if (problem) throw new SpillwayError('invalid-key', `${storage}://${bucket}: the key ${show(key)} ${problem}`)
}

export function checkBucket(storage: string, bucket: string): void {
  if (BUCKET.test(bucket) && !bucket.includes('..')) return
  const advice = 'is not the name of a bucket; take letters, digits, dots and -'
  throw new SpillwayError('invalid-key', `${storage}: ${show(bucket)} ${advice}`)
}

/** Why no object of that key can be granted, as the rest of the sentence "the key ..."; undefined when one can. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty; an object needs a name'
  if (key.startsWith('/')) return 'starts with a slash, which some stores leave out; write it without'
  if (key.includes('\0')) return 'has a NUL character'
  if (/\p{Surrogate}/u.test(key)) return 'is not valid Unicode (half of a surrogate pair); keys are UTF-8'
  if (key.split('/').some((part) => part === '.' || part === '..'))
    return 'has a part "." or "..", which URLs cannot carry; rename the object'
  const bytes = Buffer.byteLength(key)
  return bytes > KEY_BYTES_MAX ? `has ${bytes} bytes; the most is ${KEY_BYTES_MAX}` : undefined
}

const SHOWN_CHARACTERS_MAX = 100

const show = (text: string) =>
  JSON.stringify(text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text)
