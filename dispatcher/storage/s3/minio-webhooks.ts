/**
 * Has a MinIO server report what is created in a bucket to this dispatcher, by a webhook target that the server must have.
 * https://min.io/docs/minio/linux/administration/monitoring/publish-events-to-webhook.html
 */
import { Agent } from 'node:https'
import { GetBucketNotificationConfigurationCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Client } from 'minio'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { NotifyFilter } from '../object-store.js'
import type { Notifications } from '../s3.js'
import { DEFAULT_REGION, type Connection } from './client.js'
import { callOn, placeOf, translated } from './faults.js'
import { mergeRules, targetOf, type Rule } from './rules.js'
import { webhookSettings } from './webhook-settings.js'

export interface MinioWebhooksOptions {
  storage: string
  /** Ids of webhook targets of the server, or whole ARNs. */
  targets: readonly string[]
  connection: Connection & { endpoint: string }
  /** To read with: the parser of the other client takes a prefix such as `0123` for a number. */
  client: S3Client
  /** URL of this dispatcher, as far as it knows it. */
  dispatcherUrl(): string
}

export class MinioWebhooks implements Notifications {
  readonly #options: MinioWebhooksOptions
  readonly #arns: string[]
  readonly #last = new Map<string, Promise<void>>()

  constructor(options: MinioWebhooksOptions) {
    this.#options = options
    const region = options.connection.region ?? ''
    this.#arns = options.targets.map((id) => (id.startsWith('arn:') ? id : `arn:minio:sqs:${region}:${id}:webhook`))
  }

  /** The server replaces all rules of a bucket at once, so that one change waits for the other. */
  notify(bucket: string, filters: readonly NotifyFilter[]): Promise<void> {
    const before = this.#last.get(bucket) ?? Promise.resolve()
    const mine = before.catch(() => undefined).then(() => this.#set(bucket, filters))
    this.#last.set(bucket, mine)
    return mine
  }

  async #set(bucket: string, filters: readonly NotifyFilter[]): Promise<void> {
    const { storage } = this.#options
    const read = () => this.#read(bucket)
    const present = await translated(callOn(storage, { bucket }, 's3:GetBucketNotification'), read)
    const rules = mergeRules(present, { filters, arns: this.#arns })
    if (rules === undefined) return
    await translated(callOn(storage, { bucket }, 's3:PutBucketNotification'), () => this.#write(bucket, rules))
  }

  /** MinIO has queue rules only. */
  async #read(bucket: string): Promise<Rule[]> {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket })
    const { QueueConfigurations = [] } = await this.#options.client.send(command)
    return QueueConfigurations.map(({ Id, QueueArn, Events, Filter }) => ({
      ...(Id === undefined ? {} : { id: Id }),
      arn: QueueArn ?? '',
      events: Events ?? [],
      filters: (Filter?.Key?.FilterRules ?? []).map(({ Name, Value }) => ({ name: Name ?? '', value: Value ?? '' })),
    }))
  }

  async #write(bucket: string, rules: readonly Rule[]): Promise<void> {
    const { Client, NotificationConfig, QueueConfig } = await import('minio')
    const config = new NotificationConfig()
    for (const { id, arn, events, filters } of rules) {
      const queue = new QueueConfig(arn)
      if (id !== undefined) queue.setId(id)
      for (const event of events) queue.addEvent(event)
      for (const { name, value } of filters) {
        if (name.toLowerCase() === 'prefix') queue.addFilterPrefix(value)
        else queue.addFilterSuffix(value)
      }
      config.add(queue)
    }
    const minio = countingBytes(new Client(clientOptions(this.#options.connection)))
    await minio.setBucketNotification(bucket, config).catch((error: unknown) => {
      throw isUnknownTarget(error) ? this.#webhookMissing(bucket, error) : error
    })
  }

  #webhookMissing(bucket: string, cause: Error): SpillwayError {
    const { storage, dispatcherUrl } = this.#options
    const targets = this.#arns.map(targetOf)
    const names = targets.join(', ')
    const settings = webhookSettings({ storage, targets, dispatcherUrl: dispatcherUrl() })
    const message = `${placeOf(storage, { bucket })}: the server has no webhook target ${names}, so that new files are found by listing only. ${settings}`
    return new SpillwayError('webhook-missing', message, { targets }, { cause })
  }
}

/** The package sends the number of characters of a text as its length: what is not ASCII would be cut off. */
function countingBytes(minio: Client): Client {
  const send = minio.makeRequestAsync.bind(minio)
  minio.makeRequestAsync = (options, payload, ...rest) =>
    send(options, typeof payload === 'string' ? Buffer.from(payload) : payload, ...rest)
  return minio
}

/** The same connection in the other client's words. */
function clientOptions({ endpoint, region = DEFAULT_REGION, pathStyle, ca, keys }: MinioWebhooksOptions['connection']) {
  const { protocol, hostname, port } = new URL(endpoint)
  return {
    endPoint: hostname,
    useSSL: protocol === 'https:',
    ...(port === '' ? {} : { port: Number(port) }),
    ...keys,
    region,
    pathStyle,
    ...(ca === undefined ? {} : { transportAgent: new Agent({ ca }) }),
  }
}

/** MinIO has no code of its own for it. */
const isUnknownTarget = (error: unknown): error is Error =>
  error instanceof Error && /destination ARN does not exist|ARN.*not (found|exist)/i.test(error.message)
