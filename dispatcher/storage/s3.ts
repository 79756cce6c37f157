/** Any store that speaks S3: AWS (`s3`), MinIO (`minio`), and what is compatible with them. */
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { DeleteObjectCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { Grant, InputGrant } from '../../runtime/contract/grant.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { PublishedOutput } from '../../runtime/contract/outcome.js'
import type { NotifyFilter, ObjectRef, ObjectStore, ObjectVersion, Staged, StageRequest } from './object-store.js'
import { makeBucket } from './s3/buckets.js'
import { connect, type Connection } from './s3/client.js'
import { listedSequencer, objectEvent, type ObjectFacts } from './s3/event.js'
import { callOn, isImpossibleName, placeOf, translate, translated, unlessOwn } from './s3/faults.js'
import { headObject } from './s3/head.js'
import { checkBucket, checkObject } from './s3/key.js'
import { bucketExists, listObjects } from './s3/list.js'
import { expiryOf, presignGet } from './s3/presign.js'
import { Results } from './s3/results.js'
import { UploadBook } from './s3/upload-book.js'
import { writeObject } from './s3/write.js'

/** Has the store report what is created; each kind of store in its own way. */
export interface Notifications {
  notify(bucket: string, filters: readonly NotifyFilter[]): Promise<void>
}

export interface S3StoreOptions extends Connection {
  name: string
  type: 's3' | 'minio'
  /** Directory of the dispatcher that outlives its process; without it, what an earlier life left unfinished is not found. */
  stateDirectory?: string
  /** Makes what sets the notifications of the store; absent: it is only listed. */
  notifications?: (client: S3Client) => Notifications
  /** Bytes over which a result goes in several pieces. */
  partBytes?: number
  now?: () => number
}

/** Milliseconds of `LastModified` that count: all of them in MinIO's listings, whole seconds where HEAD must agree. */
const STEP_MS = { s3: 1000, minio: 1 } as const

/** Talks to the store when it is first used. */
export const openS3Store = (options: S3StoreOptions): ObjectStore => new S3Store(options)

class S3Store implements ObjectStore {
  readonly name: string
  readonly type: 's3' | 'minio'
  readonly notify?: ObjectStore['notify']
  readonly #options: S3StoreOptions
  readonly #client: S3Client
  readonly #results: Results
  readonly #now: () => number

  constructor(options: S3StoreOptions) {
    const { name, type, stateDirectory, notifications, ca, partBytes, now = Date.now } = options
    this.name = name
    this.type = type
    this.#options = options
    this.#client = connect(options)
    this.#now = now
    const uploads = new UploadBook(stateDirectory && join(stateDirectory, 'uploads', name))
    this.#results = new Results({ storage: name, client: this.#client, uploads, ca, partBytes, now })
    const ours = notifications?.(this.#client)
    if (ours) this.notify = (bucket, filters) => ours.notify(bucket, filters)
  }

  async ensureBucket(bucket: string): Promise<void> {
    checkBucket(this.name, bucket)
    await makeBucket(this.#client, { storage: this.name, bucket })
  }

  async head(object: ObjectRef): Promise<ObjectEvent | undefined> {
    checkObject(this.name, object)
    const facts = this.type === 'minio' ? await this.#lookUp(object) : await this.#ask(object)
    return facts && this.#event(facts)
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<ObjectEvent> {
    checkBucket(this.name, bucket)
    try {
      for await (const facts of listObjects(this.#client, { bucket, prefix })) yield this.#event(facts)
    } catch (error) {
      if (!isImpossibleName(error)) throw translate(callOn(this.name, { bucket }, 's3:ListBucket'), error)
    }
  }

  async asListed(event: ObjectEvent): Promise<ObjectEvent> {
    const sequencer = this.type === 'minio' ? listedSequencer(event.sequencer, STEP_MS.minio) : undefined
    if (sequencer !== undefined) return { ...event, sequencer }
    checkObject(this.name, event)
    const facts = await this.#ask(event)
    return facts ? { ...event, ...this.#event(facts), time: event.time } : event
  }

  async read(object: ObjectRef): Promise<Readable> {
    checkObject(this.name, object)
    const get = () => this.#client.send(new GetObjectCommand({ Bucket: object.bucket, Key: object.key }))
    const { Body } = await translated(callOn(this.name, object, 's3:GetObject'), get)
    return Body as Readable
  }

  async write(object: ObjectRef, content: Readable): Promise<void> {
    try {
      checkObject(this.name, object)
      await writeObject(this.#client, object, content)
    } catch (error) {
      throw unlessOwn(content, error, callOn(this.name, object, 's3:PutObject'))
    } finally {
      content.destroy()
    }
  }

  async remove(object: ObjectRef): Promise<void> {
    checkObject(this.name, object)
    const remove = () => this.#client.send(new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key }))
    await translated(callOn(this.name, object, 's3:DeleteObject'), remove)
  }

  async grantRead(object: ObjectVersion, expiresAt: number): Promise<Grant & Pick<InputGrant, 'size'>> {
    const { ca } = this.#options
    checkObject(this.name, object)
    const facts = await this.#ask(object)
    if (!facts) throw new SpillwayError('object-not-found', `${placeOf(this.name, object)}: there is no such object`)
    const validity = { expiresAt, now: this.#now() }
    const sign = () => presignGet(this.#client, object, validity)
    const url = await translated(callOn(this.name, object, 's3:GetObject'), sign)
    return { method: 'GET', url, ...(ca ? { ca } : {}), expiresAt: expiryOf(validity), size: facts.size }
  }

  stage(request: StageRequest): Promise<Staged> {
    return this.#results.stage(request)
  }

  fill(request: Omit<StageRequest, 'expiresAt'>, content: Readable): Promise<string> {
    return this.#results.fill(request, content)
  }

  fillFrom(request: Omit<StageRequest, 'expiresAt'>, source: ObjectRef): Promise<string | undefined> {
    return this.#results.fillFrom(request, source)
  }

  publish(ticket: string): Promise<PublishedOutput> {
    return this.#results.publish(ticket)
  }

  discard(attempt: string): Promise<void> {
    return this.#results.discard(attempt)
  }

  stagedAttempts(): Promise<string[]> {
    return this.#results.attempts()
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  /** As listings tell of it; undefined when there is no such object. */
  async #lookUp({ bucket, key }: ObjectRef): Promise<ObjectFacts | undefined> {
    const find = () => listObjects(this.#client, { bucket, prefix: key, pageSize: 1 }).next()
    const { value } = await translated(callOn(this.name, { bucket, key }, 's3:ListBucket'), find)
    return value?.key === key ? value : undefined
  }

  /** What the store says of the object itself; undefined when there is none. */
  #ask(object: ObjectVersion): Promise<ObjectFacts | undefined> {
    const { bucket } = object
    return translated(callOn(this.name, object, 's3:GetObject'), async () => {
      const facts = await headObject(this.#client, object)
      if (facts || (await bucketExists(this.#client, bucket))) return facts
      const place = placeOf(this.name, { bucket })
      throw new SpillwayError('bucket-not-found', `${place}: there is no such bucket; create it`)
    })
  }

  #event(facts: ObjectFacts): ObjectEvent {
    return objectEvent({ storage: this.name, stepMs: STEP_MS[this.type] }, facts)
  }
}
