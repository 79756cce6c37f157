/** Cuts a stream into streams of a given length, one after the other, without holding any of them. */
import { Readable } from 'node:stream'

export interface Piece {
  content: Readable
  /** bytes */
  size: number
}

/** Each piece must have been read to its end before the next is begun. */
export function* pieces(content: Readable, size: number, pieceBytes: number): Generator<Piece> {
  const source: Source = { chunks: content[Symbol.asyncIterator]() as AsyncIterator<Buffer>, rest: Buffer.alloc(0) }
  for (let left = size; left > 0; left -= pieceBytes) {
    const bytes = Math.min(left, pieceBytes)
    yield { content: Readable.from(take(source, bytes), { objectMode: false }), size: bytes }
  }
}

interface Source {
  chunks: AsyncIterator<Buffer>
  /** Came with an earlier piece and belongs to the next. */
  rest: Buffer
}

async function* take(source: Source, bytes: number): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0;) {
    const chunk = source.rest.length > 0 ? source.rest : await nextChunk(source)
    const taken = chunk.subarray(0, left)
    source.rest = chunk.subarray(taken.length)
    left -= taken.length
    yield taken
  }
}

async function nextChunk({ chunks }: Source): Promise<Buffer> {
  const { value, done } = await chunks.next()
  if (done) throw new Error('the content is shorter than it was said to be')
  return value
}
