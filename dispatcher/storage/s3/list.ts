/** The objects of a bucket, page by page. */
import { ListObjectsV2Command, type _Object, type S3Client } from '@aws-sdk/client-s3'
import type { ObjectFacts } from './event.js'
import { nameOf } from './faults.js'

/** What answered is a server of another kind, such as the console of the store. */
export class NoStore extends Error {
  readonly code = 'NoStore'

  constructor() {
    super('the answer is no listing of a bucket')
  }
}

export interface Listing {
  bucket: string
  prefix: string
  /** Most objects of one page; the store's own limit is 1,000. */
  pageSize?: number
}

/** Everything whose key starts with the prefix, without holding more than a page. */
export async function* listObjects(
  client: S3Client,
  { bucket, prefix, pageSize }: Listing,
): AsyncGenerator<ObjectFacts> {
  let next: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        // XML cannot hold every character that a key can.
        EncodingType: 'url',
        ...(pageSize === undefined ? {} : { MaxKeys: pageSize }),
        ...(next === undefined ? {} : { ContinuationToken: next }),
      }),
    )
    if (page.Name === undefined) throw new NoStore()
    const isEncoded = page.EncodingType === 'url'
    for (const entry of page.Contents ?? []) yield factsOf(bucket, entry, isEncoded)
    next = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (next !== undefined)
}

/** Says more than a HEAD of the bucket, whose answer has no body. */
export async function bucketExists(client: S3Client, bucket: string): Promise<boolean> {
  try {
    await listObjects(client, { bucket, prefix: '', pageSize: 1 }).next()
    return true
  } catch (error) {
    if (nameOf(error) === 'NoSuchBucket') return false
    throw error
  }
}

function factsOf(bucket: string, { Key, Size, ETag, LastModified }: _Object, isEncoded: boolean): ObjectFacts {
  const key = isEncoded ? decodeURIComponent(Key!.replaceAll('+', ' ')) : Key!
  return { bucket, key, size: Size ?? 0, etag: ETag, lastModified: LastModified! }
}
