/** S3 by the AWS SDK, which is loaded when it is first needed. */
import type { Readable } from 'node:stream'
import type { BucketLocationConstraint, LifecycleRule, NotificationConfiguration, S3Client } from '@aws-sdk/client-s3'
import type { AwsClientConfig } from '../serverless.js'
import { awsError, statusOf } from './aws-error.js'
import type { S3Api, S3Object } from './s3-api.js'

type Sdk = typeof import('@aws-sdk/client-s3')

/** Its buckets carry no location: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
const FIRST_REGION = 'us-east-1'
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const DELETED_AT_ONCE = 1000
/** Until when an upload must have begun. */
const PRESIGNED_SECONDS = 3600
const CLOSED = Object.freeze({
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
})

export async function openS3(config: AwsClientConfig): Promise<S3Api> {
  const sdk = await import('@aws-sdk/client-s3')
  return new SdkS3(sdk, new sdk.S3Client({ ...config, followRegionRedirects: true }), config.region)
}

class SdkS3 implements S3Api {
  readonly #sdk: Sdk
  readonly #client: S3Client
  readonly #region: string

  constructor(sdk: Sdk, client: S3Client, region: string) {
    this.#sdk = sdk
    this.#client = client
    this.#region = region
  }

  async bucketState(bucket: string) {
    try {
      await this.#client.send(new this.#sdk.HeadBucketCommand({ Bucket: bucket }))
      return 'there'
    } catch (error) {
      const status = statusOf(error)
      if (status === 404) return 'missing'
      if (status === 403 || status === 301) return 'elsewhere'
      throw awsError(`say whether bucket ${bucket} is there`, error)
    }
  }

  async createBucket(bucket: string) {
    const location = { LocationConstraint: this.#region as BucketLocationConstraint }
    const place = this.#region === FIRST_REGION ? {} : { CreateBucketConfiguration: location }
    const create = new this.#sdk.CreateBucketCommand({ Bucket: bucket, ...place })
    await said(`make bucket ${bucket}`, this.#client.send(create))
  }

  async isClosedToPublic(bucket: string) {
    const get = new this.#sdk.GetPublicAccessBlockCommand({ Bucket: bucket })
    const answer = await unlessNone(`tell whether bucket ${bucket} is closed to the public`, this.#client.send(get))
    const { PublicAccessBlockConfiguration: closed = {} } = answer ?? {}
    return Object.keys(CLOSED).every((key) => closed[key as keyof typeof CLOSED])
  }

  async closeToPublic(bucket: string) {
    const of = { Bucket: bucket, PublicAccessBlockConfiguration: CLOSED }
    const close = new this.#sdk.PutPublicAccessBlockCommand(of)
    await said(`close bucket ${bucket} to the public`, this.#client.send(close))
  }

  async isEncrypted(bucket: string) {
    const get = new this.#sdk.GetBucketEncryptionCommand({ Bucket: bucket })
    return (await unlessNone(`tell whether bucket ${bucket} is encrypted`, this.#client.send(get))) !== undefined
  }

  async encrypt(bucket: string) {
    const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }]
    const of = { Bucket: bucket, ServerSideEncryptionConfiguration: { Rules } }
    const put = new this.#sdk.PutBucketEncryptionCommand(of)
    await said(`set the encryption of bucket ${bucket}`, this.#client.send(put))
  }

  async lifecycle(bucket: string) {
    const get = new this.#sdk.GetBucketLifecycleConfigurationCommand({ Bucket: bucket })
    return (await unlessNone(`tell the lifecycle of bucket ${bucket}`, this.#client.send(get)))?.Rules ?? []
  }

  async setLifecycle(bucket: string, Rules: LifecycleRule[]) {
    const of = { Bucket: bucket, LifecycleConfiguration: { Rules } }
    const put = new this.#sdk.PutBucketLifecycleConfigurationCommand(of)
    await said(`set the lifecycle of bucket ${bucket}`, this.#client.send(put))
  }

  async tags(bucket: string) {
    const get = new this.#sdk.GetBucketTaggingCommand({ Bucket: bucket })
    const { TagSet = [] } = (await unlessNone(`tell the tags of bucket ${bucket}`, this.#client.send(get))) ?? {}
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]))
  }

  async setTags(bucket: string, tags: Record<string, string>) {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
    const put = new this.#sdk.PutBucketTaggingCommand({ Bucket: bucket, Tagging: { TagSet } })
    await said(`set the tags of bucket ${bucket}`, this.#client.send(put))
  }

  async notifications(bucket: string): Promise<NotificationConfiguration> {
    const get = new this.#sdk.GetBucketNotificationConfigurationCommand({ Bucket: bucket })
    const answer = await said(`tell the notifications of bucket ${bucket}`, this.#client.send(get))
    const { $metadata: _, ...configuration } = answer
    return configuration
  }

  async setNotifications(bucket: string, NotificationConfiguration: NotificationConfiguration) {
    const put = new this.#sdk.PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration })
    await said(`set the notifications of bucket ${bucket}`, this.#client.send(put))
  }

  async *list(bucket: string, prefix: string): AsyncIterable<S3Object> {
    const pages = this.#sdk.paginateListObjectsV2({ client: this.#client }, { Bucket: bucket, Prefix: prefix })
    try {
      for await (const { Contents = [] } of pages)
        for (const { Key = '', Size = 0 } of Contents) yield { key: Key, size: Size }
    } catch (error) {
      throw awsError(`list bucket ${bucket}`, error)
    }
  }

  async deleteBelow(bucket: string, prefix: string) {
    const keys: string[] = []
    for await (const { key } of this.list(bucket, prefix)) keys.push(key)
    while (keys.length > 0) {
      const Objects = keys.splice(0, DELETED_AT_ONCE).map((Key) => ({ Key }))
      const remove = new this.#sdk.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })
      await said(`delete objects of bucket ${bucket}`, this.#client.send(remove))
    }
  }

  async deleteBucket(bucket: string) {
    await said(`delete bucket ${bucket}`, this.#client.send(new this.#sdk.DeleteBucketCommand({ Bucket: bucket })))
  }

  async readText(bucket: string, key: string) {
    const get = new this.#sdk.GetObjectCommand({ Bucket: bucket, Key: key })
    const { Body } = await said(`let us read s3://${bucket}/${key}`, this.#client.send(get))
    return (await Body?.transformToString()) ?? ''
  }

  async open(bucket: string, key: string) {
    const get = new this.#sdk.GetObjectCommand({ Bucket: bucket, Key: key })
    const { Body } = await said(`let us read s3://${bucket}/${key}`, this.#client.send(get))
    return Body as Readable
  }

  async presignPut(bucket: string, key: string) {
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
    const put = new this.#sdk.PutObjectCommand({ Bucket: bucket, Key: key })
    const sign = getSignedUrl(this.#client, put, { expiresIn: PRESIGNED_SECONDS })
    return said(`sign an upload to s3://${bucket}/${key}`, sign)
  }
}

/** The answer, or what was asked and why it is refused. */
const said = <T>(what: string, answer: Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    throw awsError(what, error)
  })

/** As `said`; undefined where nothing of the kind was ever set. */
const unlessNone = <T>(what: string, answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (statusOf(error) === 404) return undefined
    throw awsError(what, error)
  })
