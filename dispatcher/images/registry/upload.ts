/**
 * A blob on its way into a registry: in one piece, or in several where the registry or a proxy before it does not take
 * large ones. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { Call } from './call.js'
import type { Answer } from './answer.js'
import { refusal } from './faults.js'

export interface BlobSource {
  digest: string
  /** bytes */
  size: number
  /** Its content from the beginning, as often as it is asked for. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>
}

export interface Upload {
  source: BlobSource
  /** Starts an upload; resolves to where the content goes. */
  start(): Promise<URL>
  /** One call, signed. */
  call(call: Call): Promise<Answer>
  /** Bytes of a piece. */
  pieceBytes?: number
  signal?: AbortSignal | undefined
}

/** Over the 5 MB that https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UploadLayerPart.html wants at least (2026-08). */
const PIECE_BYTES = 16 * 1024 ** 2

/** Milliseconds: a registry that puts a blob into its store says nothing for a while. */
export const BLOB_SILENCE_MS = 5 * 60 * 1000

const TRIES = 4

/** `begun`: where the content goes the first time, if an upload was started already. */
export async function uploadBlob(upload: Upload, begun?: URL): Promise<void> {
  let inPieces = false
  for (let tried = 1; ; tried++) {
    try {
      const place = (tried === 1 && begun) || (await upload.start())
      return await (inPieces ? putPieces(upload, place) : putWhole(upload, place))
    } catch (thrown) {
      upload.signal?.throwIfAborted()
      const isLarge: boolean = statusOf(thrown) === 413 && !inPieces
      const isWorthIt: boolean = isLarge || isPassing(thrown) || (statusOf(thrown) === 401 && tried === 1)
      if (tried === TRIES || !isWorthIt) throw thrown
      // Proxies that do not take large bodies often just hang up.
      inPieces ||= isLarge || tried >= TRIES / 2
    }
  }
}

const isPassing = (thrown: unknown) => thrown instanceof SpillwayError && thrown.retryable
const statusOf = (thrown: unknown) => (thrown instanceof SpillwayError ? thrown.details.status : undefined)

async function putWhole({ source, call, signal }: Upload, place: URL): Promise<void> {
  const content = await source.open(signal)
  await finish(call, {
    method: 'PUT',
    url: withDigest(place, source.digest),
    headers: contentHeaders(source.size),
    body: () => content,
    tries: 1,
    silenceMs: BLOB_SILENCE_MS,
    signal,
  })
}

async function putPieces({ source, call, signal, pieceBytes = PIECE_BYTES }: Upload, place: URL): Promise<void> {
  let url = place
  let at = 0
  for await (const piece of pieces(await source.open(signal), pieceBytes)) {
    const range = `${at}-${at + piece.length - 1}`
    const headers = { ...contentHeaders(piece.length), 'content-range': range }
    url = await locationOf(call, { method: 'PATCH', url, headers, body: () => piece, tries: 1, signal })
    at += piece.length
  }
  await finish(call, {
    method: 'PUT',
    url: withDigest(url, source.digest),
    headers: contentHeaders(0),
    tries: 1,
    signal,
  })
}

/** Calls, and answers where the upload goes on. */
export async function locationOf(call: Upload['call'], request: Call): Promise<URL> {
  const answer = await call(request)
  const location = answer.header('location')
  if (answer.status !== 202 || location === undefined) throw await refusal(answer, request)
  answer.drop()
  return new URL(location, request.url)
}

async function finish(call: Upload['call'], request: Call): Promise<void> {
  const answer = await call(request)
  if (answer.status !== 201) throw await refusal(answer, request)
  answer.drop()
}

const contentHeaders = (bytes: number) => ({
  'content-type': 'application/octet-stream',
  'content-length': String(bytes),
})

function withDigest(place: URL, digest: string): URL {
  const url = new URL(place)
  url.searchParams.set('digest', digest)
  return url
}

/** Pieces of the same size, but for the last one. */
async function* pieces(content: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Buffer> {
  let kept: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    kept.push(chunk)
    length += chunk.length
    while (length >= bytes) {
      const whole = Buffer.concat(kept)
      yield whole.subarray(0, bytes)
      kept = [whole.subarray(bytes)]
      length -= bytes
    }
  }
  if (length > 0) yield Buffer.concat(kept)
}
