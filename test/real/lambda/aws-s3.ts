/** S3 of moto as users see it, and what S3 does when an object is created: it tells the functions that are set for that. */
import {
  GetBucketNotificationConfigurationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { s3Event } from '../../support/lambda/s3-event.js'

export class AwsS3 {
  readonly client: S3Client
  readonly #lambda: LambdaClient

  constructor(config: S3ClientConfig, lambda: LambdaClient) {
    this.client = new S3Client({ ...config, forcePathStyle: true })
    this.#lambda = lambda
  }

  /** Queues are told by moto; functions it could not run. */
  async put(bucket: string, key: string, content: Buffer): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }))
    const Payload = Buffer.from(JSON.stringify(s3Event(bucket, { key, size: content.length })))
    for (const FunctionName of await this.#functionsFor(bucket, key))
      await this.#lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }))
  }

  /** Content by key below the prefix, which is left out. */
  async below(bucket: string, prefix: string): Promise<Record<string, Buffer>> {
    const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
    const read = Contents.map(async ({ Key = '' }) => {
      const { Body } = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      return [Key.slice(prefix.length), Buffer.from(await Body!.transformToByteArray())] as const
    })
    return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  close(): void {
    this.client.destroy()
  }

  async #functionsFor(bucket: string, key: string): Promise<string[]> {
    const get = new GetBucketNotificationConfigurationCommand({ Bucket: bucket })
    const { LambdaFunctionConfigurations = [] } = await this.client.send(get)
    return LambdaFunctionConfigurations.filter(({ Filter }) =>
      (Filter?.Key?.FilterRules ?? []).every(({ Name = '', Value = '' }) =>
        /prefix/i.test(Name) ? key.startsWith(Value) : key.endsWith(Value),
      ),
    ).map(({ LambdaFunctionArn = '' }) => LambdaFunctionArn)
  }
}
