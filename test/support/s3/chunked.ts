/** Content as AWS's own client may frame it: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html */
import type { IncomingHttpHeaders } from 'node:http'

export function unchunked(body: Buffer, headers: IncomingHttpHeaders): Buffer {
  const kind = headers['x-amz-content-sha256']
  if (typeof kind !== 'string' || !kind.startsWith('STREAMING-')) return body
  const pieces: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) return Buffer.concat(pieces)
    pieces.push(body.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
