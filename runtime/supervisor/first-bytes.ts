import { closeSync, openSync, readSync } from 'node:fs'

/** The first bytes of a file, fewer where it has no more. */
export function firstBytes(path: string, count: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(count)
    return bytes.subarray(0, readSync(file, bytes))
  } finally {
    closeSync(file)
  }
}
