/** What a store says of one object without sending it. */
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ObjectVersion } from '../object-store.js'
import type { ObjectFacts } from './event.js'
import { isMissing } from './faults.js'

/** Undefined when there is no such object, or no such bucket. */
export async function headObject(
  client: S3Client,
  { bucket, key, version }: ObjectVersion,
): Promise<ObjectFacts | undefined> {
  const of = version === undefined ? {} : { VersionId: version }
  try {
    const { ContentLength, ETag, LastModified } = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ...of }),
    )
    return { bucket, key, size: ContentLength ?? 0, etag: ETag, lastModified: LastModified! }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
