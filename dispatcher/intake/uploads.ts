/**
 * Files that are too large for the body of a request: they go into a bucket that the function reads from, straight by a
 * presigned request where the store takes those, else through the dispatcher; then they are work like any file there.
 */
import type { Readable } from 'node:stream'
import { v7 as newId } from 'uuid'
import type { Accepted, UploadAnswer, UploadRequest } from '../../runtime/contract/dispatcher-api.js'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { inputAccepts } from '../../runtime/contract/filters.js'
import type { InputRule } from '../../runtime/contract/function-spec.js'
import { formatLocation } from '../../runtime/contract/location.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import { readToken, signToken } from '../signed-token.js'
import type { ObjectStore } from '../storage/object-store.js'
import { newUploadAttempt, UPLOAD_MS } from '../upload-attempt.js'

const UPLOAD = { prefix: 'spu1', name: 'upload' }

/** Where a file goes, and what `publish` needs to know. */
interface UploadClaims {
  function: string
  place: UploadAnswer['place']
  ticket: string
  expiresAt: number
}

export interface UploadsContext {
  store(name: string): ObjectStore
  /** Input rules of a function that takes new work. */
  inputs(name: string): readonly InputRule[]
  /** Records the event as work of that function. */
  accept(name: string, event: ObjectEvent): Promise<Accepted>
  secret: Buffer
  now(): number
}

export class Uploads {
  readonly #context: UploadsContext

  constructor(context: UploadsContext) {
    this.#context = context
  }

  /** Where the file will be, and the presigned request that brings it there; without one it goes through us. */
  async begin(name: string, file: UploadRequest): Promise<UploadAnswer> {
    const { secret, now } = this.#context
    const place = this.#placeFor(name, file.name)
    const store = this.#context.store(place.storage)
    if (store.type === 'directory') return { place }
    const expiresAt = now() + UPLOAD_MS
    const { bucket, key } = place
    const { grant, ticket } = await store.stage({
      bucket,
      key,
      size: file.size,
      attempt: newUploadAttempt(),
      expiresAt,
    })
    const claims: UploadClaims = { function: name, place, ticket, expiresAt }
    return { place, grant, upload: signToken(UPLOAD, claims, secret) }
  }

  /** The file has been sent by the request that `begin` gave. The same upload again is the same work. */
  async complete(name: string, token: string): Promise<Accepted> {
    const { secret, now } = this.#context
    const claims = readToken<UploadClaims>(UPLOAD, { token, secret, now: now() })
    if (claims.function !== name)
      throw new SpillwayError('token-invalid', `This upload is one of ${claims.function}, not of ${name}.`)
    return this.#publish(name, claims)
  }

  /** The file itself, `size` bytes. */
  async receive(name: string, file: UploadRequest, content: Readable): Promise<Accepted> {
    const place = this.#placeFor(name, file.name)
    const { storage, bucket, key } = place
    const request = { bucket, key, size: file.size, attempt: newUploadAttempt() }
    const ticket = await this.#context.store(storage).fill(request, content)
    return this.#publish(name, { place, ticket })
  }

  async #publish(name: string, { place, ticket }: Pick<UploadClaims, 'place' | 'ticket'>): Promise<Accepted> {
    const store = this.#context.store(place.storage)
    await store.publish(ticket)
    const event = await store.head(place)
    if (event) return this.#context.accept(name, event)
    throw new SpillwayError(
      'object-not-found',
      `${formatPlace(place)} was removed right after its upload; send it again.`,
    )
  }

  /** In a folder of its own, so that it replaces nothing that is there. */
  #placeFor(name: string, fileName: string): UploadAnswer['place'] {
    checkFileName(fileName)
    const rules = this.#context.inputs(name)
    if (rules.length === 0)
      throw new SpillwayError(
        'invalid-request',
        `Function ${name} has no \`input\`, so there is no bucket that a file could be put into. Give it one; it may be there for uploads alone.`,
      )
    for (const rule of rules) {
      const { storage, bucket, prefix } = rule
      const place = { storage, bucket, key: `${prefix}${newId()}/${fileName}` }
      if (inputAccepts(rule, place)) return place
    }
    throw new SpillwayError(
      'invalid-request',
      `No input of ${name} takes a file of the name ${JSON.stringify(fileName)}: ${rules.map(wanted).join('; ')}. Rename the file.`,
    )
  }
}

const formatPlace = ({ storage, bucket, key }: UploadAnswer['place']) =>
  formatLocation({ storage, bucket, prefix: key })

const wanted = (rule: InputRule) => `${formatLocation(rule)} takes ${rule.suffix.join(', ')}`

const FILE_NAME_BYTES_MAX = 255

function checkFileName(name: string): void {
  const isProper = !/[/\\\0]/.test(name) && !['', '.', '..'].includes(name)
  if (isProper && Buffer.byteLength(name) <= FILE_NAME_BYTES_MAX) return
  throw new SpillwayError(
    'invalid-request',
    `${JSON.stringify(name)} is not the name of a file: 1 to ${FILE_NAME_BYTES_MAX} bytes without a slash.`,
  )
}
