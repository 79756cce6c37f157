/** What a store refuses, in the words of the error catalogue. */
import type { Readable } from 'node:stream'
import { SpillwayError, type ErrorCode } from '../../../runtime/contract/errors.js'

interface Place {
  bucket: string
  key?: string
}

/** One call to a store, as people should read of it. */
export interface Call extends Place {
  storage: string
  /** The permission without which it is denied, e.g. `s3:GetObject`. */
  needs: string
}

/** The part of the errors of both SDKs that is looked at. */
interface Answer {
  /** The store's own code for it, or the operating system's. */
  name: string
  /** 0: no answer came. */
  status: number
}

interface Meaning {
  code: ErrorCode
  advice: string
  /** There is no room: what is there can be read all the same. */
  full?: true
}

/** Runs one call; what the store refuses becomes an error that a person can act on. */
export async function translated<T>(call: Call, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translate(call, error)
  }
}

/** Faults of ours, and what has been translated, stay what they are. */
export function translate(call: Call, error: unknown): unknown {
  const answer = answerIn(error)
  if (error instanceof SpillwayError || !answer) return error
  const { code, advice, ...facts } = meaningOf(answer, call)
  return new SpillwayError(
    code,
    `${placeOf(call.storage, call)}: ${advice} (${wordsOf(error as Error, answer)})`,
    facts,
    { cause: error },
  )
}

/** As `translate`; errors of the content are its sender's and pass unchanged. */
export const unlessOwn = (content: Readable, error: unknown, call: Call): unknown =>
  content.errored === error ? error : translate(call, error)

export const callOn = (storage: string, { bucket, key }: Place, needs: string): Call => ({
  storage,
  bucket,
  ...(key === undefined ? {} : { key }),
  needs,
})

export const placeOf = (storage: string, { bucket, key }: Place): string =>
  `${storage}://${bucket}${key === undefined ? '' : `/${key}`}`

/** The store's own code for what it refused; undefined when the error is not from a store. */
export const nameOf = (error: unknown): string | undefined => answerIn(error)?.name

/** No object has such a name: MinIO says so where others find nothing. */
export const isImpossibleName = (error: unknown): boolean =>
  ['XMinioInvalidObjectName', 'XMinioInvalidResourceName'].includes(nameOf(error) ?? '')

/** Answers to HEAD have no body and so no code, only a status. */
export const isMissing = (error: unknown): boolean => {
  const answer = answerIn(error)
  return answer !== undefined && (answer.name === 'NoSuchKey' || answer.name === 'NotFound' || answer.status === 404)
}

/**
 * Errors of the S3 SDK have a name and `$metadata`, those of the minio package a `code` and no status, those of the network a
 * code of the operating system.
 */
function answerIn(error: unknown): Answer | undefined {
  if (!(error instanceof Error)) return undefined
  const { name, code, $metadata } = error as Error & { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode ?? 0
  if (status > 0) return { name, status }
  if (typeof code === 'string') return { name: code, status: 0 }
  return name === 'TimeoutError' || name === 'CredentialsProviderError' ? { name, status: 0 } : undefined
}

function meaningOf({ name, status }: Answer, call: Call): Meaning {
  const known = BY_NAME[name]?.(call)
  if (known) return known
  if (status >= 500 || status === 429 || status === 408 || isSystemCode(name)) return unavailable('it does not answer')
  return BY_STATUS[status]?.(call) ?? refused('the store refuses the call')
}

/** `ECONNREFUSED` and the like; those of certificates look different. */
const isSystemCode = (name: string) => /^(E[A-Z]+|TimeoutError)$/.test(name)

const refused = (advice: string): Meaning => ({ code: 'storage-refused', advice })
const unavailable = (advice: string): Meaning => ({ code: 'storage-unavailable', advice })
const invalidKey = (): Meaning => ({ code: 'invalid-key', advice: 'the store cannot hold an object of that name' })
const outOfPlace = (): Meaning => ({
  code: 'output-refused',
  advice: 'an object of the name of one of its folders is in the way, or a folder of its name',
})
const denied = ({ needs }: Call): Meaning => refused(`the keys of the storage lack the permission ${needs}`)
const wrongKeys = ({ storage }: Call): Meaning =>
  refused(`the store does not take the keys of the storage; check ${variableOf(storage, 'ACCESS_KEY')} and _SECRET_KEY`)
const noKeys = ({ storage }: Call): Meaning =>
  refused(`no keys were found; set ${variableOf(storage, 'ACCESS_KEY')} and _SECRET_KEY`)
const otherRegion = (): Meaning => refused('the bucket or the store is in another region; set `region` of the storage')
const untrusted = (): Meaning =>
  unavailable('its certificate is not trusted; set `caFile` of the storage to that of its authority')
const noBucket = ({ bucket }: Call): Meaning => ({
  code: 'bucket-not-found',
  advice: `there is no bucket ${bucket}; create it`,
})
const noObject = (): Meaning => ({ code: 'object-not-found', advice: 'there is no such object' })

const BY_STATUS: Readonly<Record<number, (call: Call) => Meaning>> = {
  301: otherRegion,
  403: denied,
  404: noObject,
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, MinIO's own codes, and codes of certificates
 * (https://nodejs.org/api/tls.html#x509-certificate-error-codes).
 */
const BY_NAME: Readonly<Record<string, (call: Call) => Meaning>> = {
  NoSuchKey: noObject,
  NoSuchVersion: noObject,
  NoSuchBucket: noBucket,
  InvalidBucketName: invalidKey,
  InvalidBucketNameError: invalidKey,
  KeyTooLongError: invalidKey,
  XMinioInvalidObjectName: invalidKey,
  XMinioInvalidResourceName: invalidKey,
  XMinioParentIsObject: outOfPlace,
  XMinioObjectExistsAsDirectory: outOfPlace,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  InvalidAccessKeyId: wrongKeys,
  InvalidTokenId: wrongKeys,
  SignatureDoesNotMatch: wrongKeys,
  CredentialsProviderError: noKeys,
  NoStore: () => refused('what answers there is no S3 store; check `endpoint` of the storage'),
  ExpiredToken: () => unavailable('the session token of the storage has run out; set a new one, or lasting keys'),
  RequestTimeTooSkewed: () => unavailable('the clocks of the store and of this machine differ too much; set them'),
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  BucketAlreadyExists: () => refused('somebody else has a bucket of that name; take another name'),
  XMinioStorageFull: () => ({ ...unavailable('the disks of the store are full; make room'), full: true }),
  XMinioAdminBucketQuotaExceeded: () => refused('the quota of the bucket is used up; make room'),
  EntityTooLarge: () => ({ code: 'output-refused', advice: 'it is larger than the store takes' }),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: () => unavailable('its certificate has run out'),
  ERR_TLS_CERT_ALTNAME_INVALID: () => unavailable('its certificate is for another name; check `endpoint`'),
}

/** `my-lake` -> `SPILLWAY_STORAGE_MY_LAKE_ACCESS_KEY` */
const variableOf = (storage: string, name: string) =>
  `SPILLWAY_STORAGE_${storage.toUpperCase().replaceAll('-', '_')}_${name}`

function wordsOf({ message }: Error, { name, status }: Answer): string {
  const said = message === '' || message === name || message === 'UnknownError' ? name : `${name}: ${message}`
  return status > 0 ? `${status} ${said}` : said
}
