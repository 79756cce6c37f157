/** Streams as tests make and take them. */
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

const CHUNK_BYTES = 64 * 1024

/** That many bytes of one letter, never held as a whole. */
export function generated(bytes: number, letter = 'x'): Readable {
  const chunk = Buffer.alloc(CHUNK_BYTES, letter)
  return Readable.from(
    (function* () {
      for (let left = bytes; left > 0; left -= CHUNK_BYTES) yield left >= CHUNK_BYTES ? chunk : chunk.subarray(0, left)
    })(),
    { objectMode: false },
  )
}

/** Gives some bytes, then fails. */
export function failing(error: Error, bytesBefore = 200_000): Readable {
  return Readable.from(
    (function* () {
      yield Buffer.alloc(bytesBefore, 'y')
      throw error
    })(),
    { objectMode: false },
  )
}

export const fromText = (content: string): Readable => Readable.from([Buffer.from(content)])

export const toText = (stream: Readable): Promise<string> => text(stream)

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
