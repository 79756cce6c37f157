/** Makes a bucket where it is missing and allowed. */
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { DEFAULT_REGION } from './client.js'
import { nameOf, translated } from './faults.js'
import { bucketExists } from './list.js'

export interface Bucket {
  storage: string
  bucket: string
}

/** One that is there is left as it is, whoever made it. */
export async function makeBucket(client: S3Client, { storage, bucket }: Bucket): Promise<void> {
  const isThere = await translated({ storage, bucket, needs: 's3:ListBucket' }, () => bucketExists(client, bucket))
  if (isThere) return
  const needs = 's3:CreateBucket; create the bucket, or allow that'
  await translated({ storage, bucket, needs }, async () => create(client, bucket, await client.config.region()))
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: the first region must not be named. */
async function create(client: S3Client, bucket: string, region: string): Promise<void> {
  const place =
    region === DEFAULT_REGION ? {} : { CreateBucketConfiguration: { LocationConstraint: region as BucketRegion } }
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket, ...place }))
  } catch (error) {
    if (nameOf(error) !== 'BucketAlreadyOwnedByYou') throw error
  }
}

type BucketRegion = NonNullable<
  NonNullable<ConstructorParameters<typeof CreateBucketCommand>[0]['CreateBucketConfiguration']>['LocationConstraint']
>
