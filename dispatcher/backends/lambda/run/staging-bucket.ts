/** The staging bucket over AWS's own client of S3. */
import type { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import type { AwsPlace, StagingBucket } from './aws.js'
import { pieces } from './pieces.js'
import { stagingFault } from './staging-faults.js'
import { TIMES } from './times.js'

type Sdk = typeof import('@aws-sdk/client-s3')

export interface UploadSizes {
  /** Bytes of the largest single upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
  whole: number
  /** Bytes of a part of what is larger. */
  part: number
}

const SIZES: UploadSizes = Object.freeze({ whole: 5 * 1024 ** 3, part: 1024 ** 3 })

/** Most calls at once; a large file holds a connection for as long as it takes. */
const CONNECTIONS_MAX = 512

/** Without one the client prints to the console what it cannot try again; we do that. */
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing }

function nothing(): void {}

export async function openStaging(place: AwsPlace, sizes: UploadSizes = SIZES): Promise<StagingBucket> {
  const { region, stagingBucket, endpoints, credentials, times = TIMES } = place
  const agent = { keepAlive: true, maxSockets: CONNECTIONS_MAX }
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    ...(region ? { region } : {}),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    logger: SILENT,
    requestHandler: {
      connectionTimeout: times.connect,
      socketTimeout: times.idle,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...(credentials ? { credentials } : {}),
    ...(endpoints?.s3 ? { endpoint: endpoints.s3, forcePathStyle: true } : {}),
  })
  return new BucketOfS3(stagingBucket, { sdk, client, sizes })
}

/** Not named like a key of its requests: the compiler would rename those along with the class. */
class BucketOfS3 implements StagingBucket {
  readonly #sdk: Sdk
  readonly #client: S3Client
  readonly #sizes: UploadSizes

  constructor(
    readonly name: string,
    { sdk, client, sizes }: { sdk: Sdk; client: S3Client; sizes: UploadSizes },
  ) {
    this.#sdk = sdk
    this.#client = client
    this.#sizes = sizes
  }

  async put(key: string, content: Buffer): Promise<void> {
    const command = new this.#sdk.PutObjectCommand({ Bucket: this.name, Key: key, Body: content })
    await this.#translated(() => this.#client.send(command))
  }

  async putStream(key: string, content: Readable, size: number): Promise<void> {
    if (size > this.#sizes.whole) return this.#putParts(key, content, size)
    const command = new this.#sdk.PutObjectCommand({ Bucket: this.name, Key: key, Body: content, ContentLength: size })
    await this.#sending(content, (abortSignal) => this.#client.send(command, { abortSignal }))
  }

  get(key: string): Promise<Buffer | undefined> {
    return this.#translated(async () => {
      try {
        const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand({ Bucket: this.name, Key: key }))
        return Buffer.from((await Body?.transformToByteArray()) ?? [])
      } catch (error) {
        if (error instanceof this.#sdk.NoSuchKey) return undefined
        throw error
      }
    })
  }

  async open(key: string): Promise<Readable> {
    const command = new this.#sdk.GetObjectCommand({ Bucket: this.name, Key: key })
    const { Body } = await this.#translated(() => this.#client.send(command))
    return Body as Readable
  }

  removeBelow(prefix: string): Promise<void> {
    return this.#translated(async () => {
      const pages = this.#sdk.paginateListObjectsV2({ client: this.#client }, { Bucket: this.name, Prefix: prefix })
      for await (const { Contents = [] } of pages) {
        const Objects = Contents.map(({ Key }) => ({ Key }))
        if (Objects.length === 0) continue
        await this.#client.send(
          new this.#sdk.DeleteObjectsCommand({ Bucket: this.name, Delete: { Objects, Quiet: true } }),
        )
      }
    })
  }

  close(): void {
    this.#client.destroy()
  }

  async #putParts(key: string, content: Readable, size: number): Promise<void> {
    const object = { Bucket: this.name, Key: key }
    const begin = new this.#sdk.CreateMultipartUploadCommand(object)
    const { UploadId } = await this.#translated(() => this.#client.send(begin))
    const upload = { ...object, UploadId }
    try {
      const Parts: { PartNumber: number; ETag: string | undefined }[] = []
      for (const piece of pieces(content, size, this.#sizes.part)) {
        const part = { PartNumber: Parts.length + 1, Body: piece.content, ContentLength: piece.size }
        const command = new this.#sdk.UploadPartCommand({ ...upload, ...part })
        const { ETag } = await this.#sending(piece.content, (abortSignal) =>
          this.#client.send(command, { abortSignal }),
        )
        Parts.push({ PartNumber: part.PartNumber, ETag })
      }
      const MultipartUpload = { Parts }
      const complete = new this.#sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload })
      await this.#translated(() => this.#client.send(complete))
    } catch (error) {
      await this.#client.send(new this.#sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined)
      throw error
    }
  }

  /**
   * The client does not hear of it when the content breaks off: it would wait for the rest for ever. A fault of the content
   * is its sender's and passes unchanged.
   */
  async #sending<T>(content: Readable, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const broken = new AbortController()
    let fault: Error | undefined
    content.on('error', (error) => {
      fault = error
      broken.abort()
    })
    try {
      return await this.#translated(() => send(broken.signal))
    } catch (error) {
      throw fault ?? error
    } finally {
      content.destroy()
    }
  }

  async #translated<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw stagingFault(this.name, error)
    }
  }
}
