/** Results of attempts: staged as unfinished uploads, which only the dispatcher can complete; completing one publishes it. */
import type { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { SpillwayError } from '../../../runtime/contract/errors.js'
import type { OutputGrant } from '../../../runtime/contract/grant.js'
import { inTurn } from '../../../runtime/contract/in-turn.js'
import type { PublishedOutput } from '../../../runtime/contract/outcome.js'
import type { ObjectRef, Staged, StageRequest } from '../object-store.js'
import { copyPart, partCopies } from './copy.js'
import { callOn, placeOf, translate, translated, unlessOwn } from './faults.js'
import { checkObject } from './key.js'
import { inPieces } from './pieces.js'
import { expiryOf, presignPart, type Validity } from './presign.js'
import { readTicket, ticketOf, type Ticket } from './ticket.js'
import {
  abortUpload,
  beginUpload,
  completeUpload,
  partSizes,
  publishedSize,
  receivedParts,
  sendPieces,
} from './upload.js'
import type { Upload, UploadBook } from './upload-book.js'

/** The most that a broken connection costs, and well below what stores take in one request. */
const PART_BYTES = 512 * 1024 ** 2
/** Bytes that the dispatcher holds of a file that it stages itself. */
const PIECE_BYTES = 8 * 1024 ** 2
const ABORTS_AT_ONCE = 8
/** Parts of one object. */
const COPIES_AT_ONCE = 4

export interface ResultsContext {
  storage: string
  client: S3Client
  uploads: UploadBook
  /** Certificate authority that workers must trust, PEM. */
  ca?: string
  /** Bytes over which a result goes in several pieces. */
  partBytes?: number
  now(): number
}

export class Results {
  readonly #context: ResultsContext

  constructor(context: ResultsContext) {
    this.#context = context
  }

  async stage({ bucket, key, attempt, size, expiresAt }: StageRequest): Promise<Staged> {
    const { partBytes = PART_BYTES, now } = this.#context
    const sizes = partSizes(size, partBytes)
    const upload = await this.#begin({ bucket, key }, attempt)
    const grant = await this.#grant(upload, sizes, { expiresAt, now: now() })
    return { grant, ticket: ticketOf({ ...upload, attempt, parts: sizes.length }) }
  }

  async fill(request: Omit<StageRequest, 'expiresAt'>, content: Readable): Promise<string> {
    const { attempt, size } = request
    const { client, storage } = this.#context
    const upload = await this.#begin(request, attempt)
    try {
      const pieces = inPieces(content, Math.max(PIECE_BYTES, partSizes(size, PIECE_BYTES)[0]!))
      const parts = await sendPieces(client, upload, pieces)
      return ticketOf({ ...upload, attempt, parts: parts.length })
    } catch (error) {
      await this.#abort(attempt, upload).catch(() => undefined)
      throw unlessOwn(content, error, callOn(storage, request, 's3:PutObject'))
    }
  }

  async fillFrom(request: Omit<StageRequest, 'expiresAt'>, source: ObjectRef): Promise<string | undefined> {
    const { attempt, size } = request
    const { client, storage, partBytes = PART_BYTES } = this.#context
    // A part cannot be a copy of nothing.
    if (size === 0) return undefined
    const upload = await this.#begin(request, attempt)
    try {
      const copies = partCopies(source, partSizes(size, partBytes))
      await inTurn(copies, COPIES_AT_ONCE, (copy) => copyPart(client, upload, copy))
      return ticketOf({ ...upload, attempt, parts: copies.length })
    } catch (error) {
      await this.#abort(attempt, upload).catch(() => undefined)
      const fault = translate(callOn(storage, request, 's3:PutObject'), error)
      if (fault instanceof SpillwayError && !fault.retryable) return undefined
      throw fault
    }
  }

  async publish(text: string): Promise<PublishedOutput> {
    const { storage, uploads } = this.#context
    const ticket = readTicket(storage, text)
    checkObject(storage, ticket)
    const { bucket, key, attempt, upload } = ticket
    const size = await translated(callOn(storage, ticket, 's3:PutObject'), () => this.#publish(ticket))
    uploads.close(attempt, upload)
    return { storage, bucket, key, size }
  }

  /** What cannot be thrown away keeps nothing else back. */
  async discard(attempt: string): Promise<void> {
    const { uploads } = this.#context
    const faults: unknown[] = []
    await inTurn(await uploads.open(attempt), ABORTS_AT_ONCE, (upload) =>
      this.#abort(attempt, upload).catch((fault: unknown) => void faults.push(fault)),
    )
    if (faults.length > 0) throw faults[0]
    await uploads.forget(attempt)
  }

  attempts(): Promise<string[]> {
    return this.#context.uploads.attempts()
  }

  async #begin({ bucket, key }: ObjectRef, attempt: string): Promise<Upload> {
    const { storage, client, uploads } = this.#context
    checkObject(storage, { bucket, key })
    const begin = () => beginUpload(client, { bucket, key }, attempt)
    const upload = await translated(callOn(storage, { bucket, key }, 's3:PutObject'), begin)
    await uploads.add(attempt, upload)
    return upload
  }

  async #grant(upload: Upload, sizes: readonly number[], validity: Validity): Promise<OutputGrant> {
    const { storage, client, ca } = this.#context
    const sign = (number: number) => presignPart(client, { ...upload, number }, validity)
    const signAll = () => Promise.all(sizes.map((_, index) => sign(index + 1)))
    const urls = await translated(callOn(storage, upload, 's3:PutObject'), signAll)
    return {
      method: 'PUT',
      url: urls[0]!,
      ...(ca === undefined ? {} : { ca }),
      expiresAt: expiryOf(validity),
      ...(urls.length > 1 ? { parts: urls.map((url, index) => ({ url, size: sizes[index]! })) } : {}),
    }
  }

  /** The real size. An upload that is gone was completed by an earlier call, or else somebody threw it away. */
  async #publish(ticket: Ticket): Promise<number> {
    const { client } = this.#context
    const received = await receivedParts(client, ticket)
    if (received && received.parts.length < ticket.parts) throw this.#notWritten(ticket, received.parts.length)
    if (received && (await completeUpload(client, ticket, received.parts))) return received.size
    const size = await publishedSize(client, ticket, ticket.attempt)
    if (size === undefined) throw this.#notWritten(ticket, 0)
    return size
  }

  #notWritten(ticket: Ticket, parts: number): SpillwayError {
    const what = ticket.parts === 1 ? 'nothing was' : `${parts} of ${ticket.parts} pieces were`
    const place = placeOf(this.#context.storage, ticket)
    return new SpillwayError(
      'output-refused',
      `${place}: ${what} written with the grant for this result, or it was thrown away`,
    )
  }

  async #abort(attempt: string, upload: Upload): Promise<void> {
    const { storage, client, uploads } = this.#context
    await translated(callOn(storage, upload, 's3:AbortMultipartUpload'), () => abortUpload(client, upload))
    uploads.close(attempt, upload.upload)
  }
}
