/** Splits a stream into lines as they come. */
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Characters of one line, beyond which something is wrong; objects in etcd have at most 1.5 MB. */
const LINE_LENGTH_MAX = 16 * 1024 ** 2

export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const pieces = (rest + decoder.write(chunk)).split('\n')
    rest = pieces.pop() ?? ''
    if (rest.length > LINE_LENGTH_MAX) throw new Error(`a line has more than ${LINE_LENGTH_MAX} characters`)
    yield* pieces.filter((line) => line !== '')
  }
  if (rest !== '') yield rest
}
