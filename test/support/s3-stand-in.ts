/**
 * As much of S3 as a storage uses, over HTTP, in memory. It takes every signature, but none that has run out. What real
 * stores do beyond that is shown by the suites against MinIO.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

interface Stored {
  content: Buffer
  lastModified: Date
  headers: IncomingMessage['headers']
}

interface Call {
  method: string
  key: string
  query: URLSearchParams
  body: Buffer
  headers: IncomingMessage['headers']
}

interface Answer {
  headers?: IncomingMessage['headers']
  body?: Buffer | string
}

export class S3StandIn {
  readonly buckets = new Map<string, Map<string, Stored>>()
  readonly uploads = new Map<string, Pick<Stored, 'headers'> & { parts: Map<number, Buffer> }>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  static async start(): Promise<S3StandIn> {
    const standIn = new S3StandIn()
    await new Promise<void>((resolve) => standIn.#server.listen(0, '127.0.0.1', resolve))
    return standIn
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, search] = request.url!.split('?') as [string, string | undefined]
    const [, bucket, ...key] = path.split('/').map(decodeURIComponent)
    const { method = '', headers } = request
    try {
      const body = await buffer(request)
      const query = new URLSearchParams(search)
      const answer = this.#onBucket(bucket!, { method, key: key.join('/'), query, body, headers })
      const size = Buffer.byteLength(answer.body ?? '')
      response.writeHead(200, { ...answer.headers, 'content-length': size }).end(method === 'HEAD' ? '' : answer.body)
    } catch (error) {
      if (!(error instanceof Refusal)) return void response.destroy()
      response.writeHead(error.status).end(method === 'HEAD' ? '' : `<Error><Code>${error.message}</Code></Error>`)
    }
  }

  #onBucket(bucket: string, call: Call): Answer {
    refuseWhatHasRunOut(call.query)
    if (call.key === '' && call.method === 'PUT') return this.#makeBucket(bucket)
    const objects = this.buckets.get(bucket) ?? refuse(404, 'NoSuchBucket')
    return call.key === '' ? listing(bucket, objects, call.query) : this.#onObject(objects, call)
  }

  #makeBucket(bucket: string): Answer {
    if (this.buckets.has(bucket)) refuse(409, 'BucketAlreadyOwnedByYou')
    this.buckets.set(bucket, new Map())
    return {}
  }

  #onObject(objects: Map<string, Stored>, call: Call): Answer {
    const { method, key, query, body } = call
    if (query.has('uploads')) return this.#begin(call.headers)
    if (query.has('uploadId')) return this.#onUpload(objects, call)
    if (method === 'DELETE') objects.delete(key)
    if (method === 'PUT') objects.set(key, { content: body, lastModified: new Date(), headers: {} })
    if (method === 'DELETE' || method === 'PUT') return { headers: { etag: tagOf(body) } }
    const { content, lastModified, headers: metadata } = objects.get(key) ?? refuse(404, 'NoSuchKey')
    const facts = { etag: tagOf(content), 'last-modified': lastModified.toUTCString() }
    return { headers: { ...metadata, ...facts }, body: content }
  }

  #begin(headers: Call['headers']): Answer {
    const id = randomUUID()
    const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'))
    this.uploads.set(id, { headers: Object.fromEntries(metadata), parts: new Map() })
    return { body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>` }
  }

  #onUpload(objects: Map<string, Stored>, { method, key, query, body }: Call): Answer {
    const id = query.get('uploadId')!
    const { headers, parts } = this.uploads.get(id) ?? refuse(404, 'NoSuchUpload')
    const inOrder = [...parts].toSorted(([a], [b]) => a - b)
    if (method === 'GET') return partList(inOrder)
    if (method === 'PUT') parts.set(Number(query.get('partNumber')), body)
    else this.uploads.delete(id)
    if (method !== 'POST') return { headers: { etag: tagOf(body) } }
    objects.set(key, { content: Buffer.concat(inOrder.map(([, part]) => part)), lastModified: new Date(), headers })
    return { body: '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>' }
  }
}

class Refusal extends Error {
  status = 400
}

function refuse(status: number, code: string): never {
  throw Object.assign(new Refusal(code), { status })
}

function refuseWhatHasRunOut(query: URLSearchParams): void {
  const date = query.get('X-Amz-Date')?.replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')
  if (date && Date.parse(date) + Number(query.get('X-Amz-Expires')) * 1000 < Date.now()) refuse(403, 'AccessDenied')
}

const tagOf = (content: Buffer) => `"${createHash('md5').update(content).digest('hex')}"`

const encoded = (key: string) => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')

function listing(bucket: string, objects: Map<string, Stored>, query: URLSearchParams): Answer {
  const after = query.get('continuation-token') ?? ''
  const found = [...objects].filter(([key]) => key.startsWith(query.get('prefix') ?? '') && encoded(key) > after)
  const page = found
    .toSorted(([a], [b]) => (encoded(a) < encoded(b) ? -1 : 1))
    .slice(0, Number(query.get('max-keys') ?? 1000))
  const isTruncated = found.length > page.length
  const next = `<NextContinuationToken>${isTruncated ? encoded(page.at(-1)![0]) : ''}</NextContinuationToken>`
  const head = `<Name>${bucket}</Name><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${next}`
  const entries = page.map(([key, { content, lastModified }]) => {
    const facts = `<Size>${content.length}</Size><ETag>${tagOf(content)}</ETag>`
    const time = `<LastModified>${lastModified.toISOString()}</LastModified>`
    return `<Contents><Key>${encoded(key)}</Key>${facts}${time}</Contents>`
  })
  return { body: `<ListBucketResult>${head}${entries.join('')}</ListBucketResult>` }
}

function partList(parts: [number, Buffer][]): Answer {
  const entries = parts.map(
    ([number, part]) =>
      `<Part><PartNumber>${number}</PartNumber><Size>${part.length}</Size><ETag>${tagOf(part)}</ETag></Part>`,
  )
  return { body: `<ListPartsResult>${entries.join('')}</ListPartsResult>` }
}
