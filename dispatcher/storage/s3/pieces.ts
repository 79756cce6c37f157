/** Cuts a stream into pieces of one size. */
import type { Readable } from 'node:stream'

export interface Piece {
  piece: Buffer
  isLast: boolean
}

/** Every piece but the last has exactly that many bytes; an empty stream is one empty piece. */
export async function* inPieces(content: Readable, bytes: number): AsyncGenerator<Piece> {
  let held: Buffer[] = []
  let size = 0
  for await (const chunk of content) {
    let rest = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array | string)
    while (size + rest.length > bytes) {
      const fitting = bytes - size
      yield { piece: Buffer.concat([...held, rest.subarray(0, fitting)]), isLast: false }
      rest = rest.subarray(fitting)
      held = []
      size = 0
    }
    if (rest.length > 0) held.push(rest)
    size += rest.length
  }
  yield { piece: Buffer.concat(held), isLast: true }
}
