/** As much of S3 as deploying needs. */
import type { Readable } from 'node:stream'
import type { LifecycleRule, NotificationConfiguration } from '@aws-sdk/client-s3'

export interface S3Api {
  /** `elsewhere`: it is another account's, or may not be seen. */
  bucketState(bucket: string): Promise<'there' | 'missing' | 'elsewhere'>
  createBucket(bucket: string): Promise<void>
  isClosedToPublic(bucket: string): Promise<boolean>
  closeToPublic(bucket: string): Promise<void>
  /** By default, with whatever keys. */
  isEncrypted(bucket: string): Promise<boolean>
  /** By default, with keys of S3's own. */
  encrypt(bucket: string): Promise<void>
  lifecycle(bucket: string): Promise<LifecycleRule[]>
  setLifecycle(bucket: string, rules: LifecycleRule[]): Promise<void>
  tags(bucket: string): Promise<Record<string, string>>
  setTags(bucket: string, tags: Record<string, string>): Promise<void>
  notifications(bucket: string): Promise<NotificationConfiguration>
  setNotifications(bucket: string, configuration: NotificationConfiguration): Promise<void>
  list(bucket: string, prefix: string): AsyncIterable<S3Object>
  /** Deletes every object whose key starts with the prefix. */
  deleteBelow(bucket: string, prefix: string): Promise<void>
  /** Only one that is empty. */
  deleteBucket(bucket: string): Promise<void>
  readText(bucket: string, key: string): Promise<string>
  open(bucket: string, key: string): Promise<Readable>
  /** An address to which whoever has it may put the object, for an hour. */
  presignPut(bucket: string, key: string): Promise<string>
}

export interface S3Object {
  key: string
  /** bytes */
  size: number
}
