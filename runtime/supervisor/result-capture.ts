/** Standard output as the answer to a request, up to the limit of an answer. */
import { isUtf8 } from 'node:buffer'
import type { ResultBody } from '../contract/outcome.js'
import { RESULT_BYTES_MAX } from '../contract/worker-environment.js'
import { characterStart } from './line-splitter.js'

export class ResultCapture {
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #truncated = false

  push(chunk: Buffer): void {
    const room = RESULT_BYTES_MAX - this.#bytes
    if (chunk.length > room) this.#truncated = true
    if (room === 0) return
    const kept = chunk.subarray(0, room)
    this.#chunks.push(kept)
    this.#bytes += kept.length
  }

  body(): ResultBody {
    const bytes = Buffer.concat(this.#chunks, this.#bytes)
    const whole = this.#truncated ? withoutCutCharacter(bytes) : bytes
    const truncated = this.#truncated ? { truncated: true } : {}
    if (isUtf8(whole)) return { encoding: 'utf8', body: whole.toString(), ...truncated }
    return { encoding: 'base64', body: bytes.toString('base64'), ...truncated }
  }
}

/** Without the beginning of a character whose end did not fit. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : bytes.subarray(0, characterStart(bytes, bytes.length - 1))
}
