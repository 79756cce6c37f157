/** Answers of S3 as XML. */
import { createHash } from 'node:crypto'

export interface S3Reply {
  status: number
  headers?: Record<string, string>
  body?: string | Buffer
}

export interface Listed {
  key: string
  content: Buffer
  lastModified: Date
}

export const etag = (content: Buffer): string => `"${createHash('md5').update(content).digest('hex')}"`

export const fault = (status: number, code: string, message = code): S3Reply => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`,
})

/** One page of `objects`, which are all that match. */
export function listing(bucket: string, objects: readonly Listed[], query: URLSearchParams): S3Reply {
  const write = query.get('encoding-type') === 'url' ? encoded : escapeXml
  const after = query.get('continuation-token') ?? ''
  const left = objects.filter(({ key }) => encoded(key) > after)
  const page = left
    .toSorted((a, b) => (encoded(a.key) < encoded(b.key) ? -1 : 1))
    .slice(0, Number(query.get('max-keys') ?? 1000))
  const isTruncated = left.length > page.length
  const next = isTruncated ? `<NextContinuationToken>${encoded(page.at(-1)!.key)}</NextContinuationToken>` : ''
  const state = `<IsTruncated>${isTruncated}</IsTruncated><KeyCount>${page.length}</KeyCount>${next}`
  const encoding = write === encoded ? '<EncodingType>url</EncodingType>' : ''
  const entries = page.map(({ key, content, lastModified }) => {
    const facts = `<Size>${content.length}</Size><ETag>${etag(content)}</ETag>`
    return `<Contents><Key>${write(key)}</Key>${facts}<LastModified>${lastModified.toISOString()}</LastModified></Contents>`
  })
  return {
    status: 200,
    body: `<ListBucketResult><Name>${bucket}</Name>${encoding}${state}${entries.join('')}</ListBucketResult>`,
  }
}

export function partList(parts: ReadonlyMap<number, Buffer>): S3Reply {
  const entries = [...parts]
    .toSorted(([a], [b]) => a - b)
    .map(([number, part]) => {
      const facts = `<Size>${part.length}</Size><ETag>${etag(part)}</ETag>`
      return `<Part><PartNumber>${number}</PartNumber>${facts}</Part>`
    })
  return { status: 200, body: `<ListPartsResult>${entries.join('')}</ListPartsResult>` }
}

const encoded = (key: string) => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export const unescapeXml = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
