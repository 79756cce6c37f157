/** Hashes in the form that AWS's signing library takes. */
import { createHash, createHmac } from 'node:crypto'

type Content = string | ArrayBuffer | ArrayBufferView

export class Sha256 {
  readonly #hash

  constructor(secret?: Content) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret))
  }

  update(content: Content): void {
    this.#hash.update(bytes(content))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {}
}

function bytes(content: Content): Buffer {
  if (typeof content === 'string') return Buffer.from(content)
  return ArrayBuffer.isView(content)
    ? Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    : Buffer.from(content)
}
