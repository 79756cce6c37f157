/** Enough of S3 in this process, path-style and in memory: objects, uploads in parts, listings, conditions, signatures. */
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { etag, fault, listing, partList, unescapeXml, type S3Reply } from './answers.js'
import { signatureProblem, type KeyPair } from './check-signature.js'
import { unchunked } from './chunked.js'

export interface S3Request {
  method: string
  bucket: string
  /** Decoded. */
  key: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: Buffer
}

export interface SmallS3Options {
  host?: string
  /** Buckets are those that were made; else there is every bucket. */
  hasBuckets?: boolean
}

interface Upload {
  place: string
  parts: Map<number, Buffer>
  metadata: Record<string, string>
}

/** What is known of an object beside its content. */
interface Facts {
  lastModified: Date
  metadata: Record<string, string>
}

const KEEP_ALIVE_MS = 300_000

const ONLY_KEYS = { accessKeyId: 'ASIATEST', secretAccessKey: 'secret-of-the-test', sessionToken: 'session' } as const

export class SmallS3 {
  /** Content by `bucket/key`. */
  readonly objects = new Map<string, Buffer>()
  /** Uploads in parts that are under way. */
  readonly uploads = new Map<string, Upload>()
  readonly requests: S3Request[] = []
  /** Buckets that are in another region than where they are looked for first. */
  readonly regions = new Map<string, string>()
  readonly keys: Required<KeyPair> = ONLY_KEYS
  /** Answers before the ordinary one does; undefined = the ordinary answer. */
  rule: (request: S3Request) => S3Reply | undefined | Promise<S3Reply | undefined> = () => undefined
  readonly #server: Server
  readonly #facts = new Map<string, Facts>()
  /** Absent where there is every bucket. */
  readonly #buckets: Set<string> | undefined

  private constructor({ hasBuckets = false }: SmallS3Options) {
    this.#buckets = hasBuckets ? new Set() : undefined
    this.#server = createServer(
      (request, response) => void this.#serve(request, response).catch(() => response.destroy()),
    )
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS
  }

  static async start(options: SmallS3Options = {}): Promise<SmallS3> {
    const s3 = new SmallS3(options)
    s3.#server.listen(0, options.host ?? '127.0.0.1')
    await once(s3.#server, 'listening')
    return s3
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address}:${port}`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  put(place: string, content: string | Buffer, metadata: Facts['metadata'] = {}): void {
    this.objects.set(place, Buffer.from(content))
    this.#facts.set(place, { lastModified: new Date(), metadata })
  }

  text(place: string): string | undefined {
    return this.objects.get(place)?.toString()
  }

  /** Names below `bucket/prefix`, in order. */
  below(prefix: string): string[] {
    return [...this.objects.keys()]
      .filter((place) => place.startsWith(prefix))
      .map((place) => place.slice(prefix.length))
      .sort()
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await buffer(incoming)
    const [path = '', query = ''] = (incoming.url ?? '').split('?', 2)
    const [, bucket = '', ...rest] = path.split('/')
    const request: S3Request = {
      method: incoming.method ?? '',
      bucket: decodeURIComponent(bucket),
      key: rest.map(decodeURIComponent).join('/'),
      query: new URLSearchParams(query),
      headers: incoming.headers,
      body: unchunked(raw, incoming.headers),
    }
    this.requests.push(request)
    const problem = await signatureProblem(incoming, raw, this.keys)
    const reply = problem
      ? fault(403, 'SignatureDoesNotMatch', problem)
      : ((await this.rule(request)) ?? this.#redirect(request) ?? this.#answer(request))
    const body = Buffer.from(reply.body ?? '')
    response.writeHead(reply.status, { 'content-length': body.length, ...reply.headers })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  #redirect({ bucket, headers }: S3Request): S3Reply | undefined {
    const region = this.regions.get(bucket)
    if (!region || headers.authorization?.includes(`/${region}/s3/`)) return undefined
    return { ...fault(301, 'PermanentRedirect'), headers: { 'x-amz-bucket-region': region } }
  }

  #answer(request: S3Request): S3Reply {
    const { method, bucket, key, query } = request
    if (method === 'PUT' && key === '') return this.#makeBucket(bucket)
    if (this.#buckets?.has(bucket) === false) return fault(404, 'NoSuchBucket')
    if (query.has('uploads')) return this.#begin(request)
    if (query.has('uploadId')) return this.#onUpload(request)
    if (method === 'POST' && query.has('delete')) return this.#removeMany(request)
    if (key === '') return this.#list(request)
    if (method === 'PUT') return this.#put(request)
    if (method === 'DELETE') return this.#remove(request)
    return this.#get(request)
  }

  #makeBucket(bucket: string): S3Reply {
    if (this.#buckets?.has(bucket)) return fault(409, 'BucketAlreadyOwnedByYou')
    this.#buckets?.add(bucket)
    return { status: 200 }
  }

  #put(request: S3Request): S3Reply {
    const place = placeOf(request)
    const { 'if-none-match': condition, 'x-amz-copy-source': source } = request.headers
    if (condition === '*' && this.objects.has(place)) return fault(412, 'PreconditionFailed')
    const problem = checksumProblem(request)
    if (problem) return problem
    const body =
      typeof source === 'string' ? this.objects.get(decodeURIComponent(source.replace(/^\//, ''))) : request.body
    if (!body) return fault(404, 'NoSuchKey')
    this.put(place, body, metadataIn(request))
    const xml = typeof source === 'string' ? `<CopyObjectResult><ETag>${etag(body)}</ETag></CopyObjectResult>` : ''
    return { status: 200, headers: { etag: etag(body) }, body: xml }
  }

  /** Also of what is not there. */
  #remove(request: S3Request): S3Reply {
    this.objects.delete(placeOf(request))
    return { status: 204 }
  }

  #get(request: S3Request): S3Reply {
    const place = placeOf(request)
    const content = this.objects.get(place)
    if (!content) return fault(404, 'NoSuchKey')
    const { lastModified, metadata } = this.#factsOf(place)
    const headers = { ...metadata, etag: etag(content), 'last-modified': lastModified.toUTCString() }
    if (request.method === 'HEAD')
      return { status: 200, headers: { ...headers, 'content-length': String(content.length) } }
    return { status: 200, headers, body: content }
  }

  #begin(request: S3Request): S3Reply {
    const id = randomUUID()
    this.uploads.set(id, { place: placeOf(request), parts: new Map(), metadata: metadataIn(request) })
    return {
      status: 200,
      body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    }
  }

  #onUpload(request: S3Request): S3Reply {
    const id = request.query.get('uploadId') ?? ''
    const upload = this.uploads.get(id)
    if (!upload) return fault(404, 'NoSuchUpload')
    if (request.method === 'GET') return partList(upload.parts)
    if (request.method === 'DELETE') return { status: this.uploads.delete(id) ? 204 : 404 }
    if (request.method === 'PUT' && 'x-amz-copy-source' in request.headers) return this.#copyPart(upload, request)
    if (request.method === 'PUT') return checksumProblem(request) ?? takePart(upload, request)
    const named = [...request.body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, one]) =>
      Number(one),
    )
    const parts = named.map((number) => upload.parts.get(number))
    if (parts.length === 0 || parts.includes(undefined)) return fault(400, 'InvalidPart')
    this.uploads.delete(id)
    this.put(upload.place, Buffer.concat(parts as Buffer[]), upload.metadata)
    return { status: 200, body: '<CompleteMultipartUploadResult><ETag>"done-1"</ETag></CompleteMultipartUploadResult>' }
  }

  #copyPart(upload: Upload, request: S3Request): S3Reply {
    const { 'x-amz-copy-source': source, 'x-amz-copy-source-range': range } = request.headers
    const found = this.objects.get(decodeURIComponent(String(source)))
    if (!found) return fault(404, 'NoSuchKey')
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(String(range)) ?? []
    const body = first === undefined ? found : found.subarray(Number(first), Number(last) + 1)
    takePart(upload, { ...request, body })
    return { status: 200, body: `<CopyPartResult><ETag>${etag(body)}</ETag></CopyPartResult>` }
  }

  #list({ bucket, query }: S3Request): S3Reply {
    const prefix = `${bucket}/${query.get('prefix') ?? ''}`
    const found = [...this.objects].filter(([place]) => place.startsWith(prefix))
    const listed = found.map(([place, content]) => {
      const { lastModified } = this.#factsOf(place)
      return { key: place.slice(bucket.length + 1), content, lastModified }
    })
    return listing(bucket, listed, query)
  }

  #removeMany({ bucket, body }: S3Request): S3Reply {
    for (const [, key] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g))
      this.objects.delete(`${bucket}/${unescapeXml(key ?? '')}`)
    return { status: 200, body: '<DeleteResult></DeleteResult>' }
  }

  #factsOf(place: string): Facts {
    return this.#facts.get(place) ?? { lastModified: new Date(0), metadata: {} }
  }
}

/** As a dispatcher wants to find them, for a storage. */
export const s3Keys = ({ keys }: SmallS3, storage: string): Record<string, string> => ({
  [`SPILLWAY_STORAGE_${storage}_ACCESS_KEY`]: keys.accessKeyId,
  [`SPILLWAY_STORAGE_${storage}_SECRET_KEY`]: keys.secretAccessKey,
  [`SPILLWAY_STORAGE_${storage}_SESSION_TOKEN`]: keys.sessionToken,
})

const placeOf = ({ bucket, key }: S3Request) => `${bucket}/${key}`

const metadataIn = ({ headers }: S3Request) =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [])),
  )

function takePart(upload: Upload, { query, body }: S3Request): S3Reply {
  upload.parts.set(Number(query.get('partNumber')), body)
  return { status: 200, headers: { etag: etag(body) } }
}

function checksumProblem({ headers, body }: S3Request): S3Reply | undefined {
  const claimed = headers['x-amz-checksum-crc32']
  if (typeof claimed !== 'string') return undefined
  const real = Buffer.alloc(4)
  real.writeUInt32BE(crc32(body))
  return claimed === real.toString('base64') ? undefined : fault(400, 'BadDigest')
}
