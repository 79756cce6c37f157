/** What runs an attempt is told about it, apart from the grants for its input. */
import { specFor, timeLimitOn, type BackendName } from '../../runtime/contract/function-spec.js'
import type { AttemptDocument } from '../../runtime/contract/runtime-api.js'
import type { Release } from '../../runtime/contract/release.js'
import { s3Notification, type StorageType } from '../../runtime/events/s3-notification.js'
import type { Claim } from '../database/database.js'

/** Bytes of a JSON body up to which it is the script's `EVENT`; larger ones are only the input file. */
const EVENT_BODY_BYTES_MAX = 1024 ** 2

export interface AttemptFacts {
  /** Where it runs. */
  backend: BackendName
  claim: Claim
  release: Release
  /** Of a request. */
  body?: Buffer
  storageType(name: string): StorageType
  now: number
}

export function attemptDocument({
  backend,
  claim,
  release: { spec },
  body = Buffer.alloc(0),
  storageType,
  now,
}: AttemptFacts): Omit<AttemptDocument, 'input'> {
  const { invocation, attempt, input } = claim
  const { ephemeralStorageSize } = specFor(spec, backend)
  const limits = { deadlineMs: now + timeLimitOn(spec, backend) * 1000, ephemeralStorageSize }
  if (input.kind === 'request') {
    const event = jsonBody(body) ?? { body: { contentType: input.contentType, size: input.size } }
    return { invocation, attempt, event, eventTime: input.time, limits, wantsResult: true }
  }
  const { event } = input
  return {
    invocation,
    attempt,
    event: s3Notification(event, storageType(event.storage)),
    eventTime: event.time,
    objectKey: event.key,
    limits,
    wantsResult: false,
  }
}

function jsonBody(body: Buffer): unknown {
  if (body.length === 0 || body.length > EVENT_BODY_BYTES_MAX) return undefined
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}
