/** A file goes that may be gone already; whatever else stands in the way is said. */
import { unlinkSync } from 'node:fs'
import { errorCode } from './attempt-failure.js'

export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
