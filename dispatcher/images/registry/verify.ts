/** Content that is what its digest says, or an error: never anything else. */
import { createHash } from 'node:crypto'
import { SpillwayError } from '../../../runtime/contract/errors.js'

export interface Expected {
  digest: string
  /** bytes */
  size: number
  /** Where it comes from, for the message. */
  from: string
}

/** Passes content on and throws at its end when it was not what was expected. */
export async function* verified(content: AsyncIterable<Uint8Array>, expected: Expected): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > expected.size) throw corrupt(expected, `more than ${expected.size} bytes`)
    hash.update(chunk)
    yield chunk
  }
  const digest = `sha256:${hash.digest('hex')}`
  if (size !== expected.size) throw corrupt(expected, `${size} bytes instead of ${expected.size}`)
  if (digest !== expected.digest) throw corrupt(expected, `content of digest ${digest}`)
}

/** Sent again it may be whole. */
export const corrupt = ({ digest, from }: Pick<Expected, 'digest' | 'from'>, got: string) =>
  new SpillwayError('registry-unavailable', `${from} gave ${got} for ${digest}. Nothing of it is used; try again.`)
