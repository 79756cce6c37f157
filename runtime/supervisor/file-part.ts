/** A stretch of a file on its way out. */
import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { Writable } from 'node:stream'

/** Bytes of a file from `start` on. */
export interface FilePart {
  path: string
  start: number
  size: number
}

/** Bytes that a disk gives at a time. */
const READ_BYTES = 512 * 1024

/**
 * Writes it and ends the stream. One buffer is filled again as soon as its bytes have left: a stream of the file would
 * make a new one of each piece, and take twice the processor time.
 */
export async function sendPart({ path, start, size }: FilePart, stream: Writable): Promise<void> {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, size))
    for (let sent = 0; sent < size;) {
      const bytes = readSync(file, buffer, 0, Math.min(buffer.length, size - sent), start + sent)
      if (bytes === 0) throw new Error(`${path} ends after ${start + sent} of ${start + size} bytes`)
      await written(stream, buffer.subarray(0, bytes))
      sent += bytes
      await turn()
    }
    stream.end()
  } finally {
    closeSync(file)
  }
}

function written(stream: Writable, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the connection was closed'))
    stream.once('close', onClose)
    stream.write(piece, (error) => {
      stream.off('close', onClose)
      if (error) reject(error)
      else resolve()
    })
  })
}
