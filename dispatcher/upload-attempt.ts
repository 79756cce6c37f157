/** Under which a store keeps an upload that is not complete: beside results of attempts, whose numbers begin with 1. */
import { v7 as newId } from 'uuid'

/** Milliseconds that an upload may take. */
export const UPLOAD_MS = 6 * 3600 * 1000

export const newUploadAttempt = (): string => `${newId()}.0`

/** Whether it is an upload that has not run out; a UUIDv7 begins with the time at which it was made. */
export function isUploading(attempt: string, now: number): boolean {
  if (!attempt.endsWith('.0')) return false
  const madeAt = Number.parseInt(attempt.replaceAll('-', '').slice(0, 12), 16)
  return now - madeAt < UPLOAD_MS
}
