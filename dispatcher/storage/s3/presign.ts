/** Signed URLs: each is good for one request on one object (or one piece of it), until it runs out. */
import { GetObjectCommand, UploadPartCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { ObjectRef, ObjectVersion } from '../object-store.js'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-Expires) */
const VALID_MS_MAX = 7 * 24 * 3600 * 1000

/** When it will have run out, and now; epoch milliseconds. */
export interface Validity {
  expiresAt: number
  now: number
}

export const presignGet = (
  client: S3Client,
  { bucket, key, version }: ObjectVersion,
  validity: Validity,
): Promise<string> => {
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(version === undefined ? {} : { VersionId: version }),
  })
  return getSignedUrl(client, command, signing(client, validity))
}

export const presignPart = (
  client: S3Client,
  { bucket, key, upload, number }: ObjectRef & { upload: string; number: number },
  validity: Validity,
): Promise<string> => {
  const command = new UploadPartCommand({ Bucket: bucket, Key: key, UploadId: upload, PartNumber: number })
  return getSignedUrl(client, command, signing(client, validity))
}

/** Shortened to what a signature can be good for. */
export const expiryOf = ({ expiresAt, now }: Validity): number => Math.min(expiresAt, now + VALID_MS_MAX)

/** By the store's clock, as far as the client has learnt how far it is from ours. */
function signing(client: S3Client, validity: Validity): { expiresIn: number; signingDate: Date } {
  const milliseconds = expiryOf(validity) - validity.now
  return {
    expiresIn: Math.max(1, Math.ceil(milliseconds / 1000)),
    signingDate: new Date(validity.now + client.config.systemClockOffset),
  }
}
