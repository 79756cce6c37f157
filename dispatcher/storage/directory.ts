/** A directory as an object store: each folder in it is a bucket, each file below that an object. */
import type { BigIntStats } from 'node:fs'
import { mkdir, open, realpath, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { SpillwayError } from '../../runtime/contract/errors.js'
import type { Grant, InputGrant } from '../../runtime/contract/grant.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { PublishedOutput } from '../../runtime/contract/outcome.js'
import { BucketMissing, isMissing, translate, translated } from './directory/faults.js'
import { entityTag, objectEvent } from './directory/event.js'
import { lookInside, openFileInside, removeFileInside, syncFolder, type BucketRoot } from './directory/inside.js'
import { checkBucket, keySegments } from './directory/key.js'
import { listFiles } from './directory/list.js'
import { place } from './directory/place.js'
import { readTicket, Staging, type Ticket } from './directory/staging.js'
import { watchFiles } from './directory/watch.js'
import type { ObjectRef, ObjectStore, Staged, StageRequest } from './object-store.js'

export interface DirectoryStoreOptions {
  name: string
  path: string
  /** Seconds for which a file must not have changed before `watch` reports it. */
  settleSeconds: number
  now?: () => number
  /** Told what cannot be watched or listed, each thing once. */
  log?: (message: string) => void
}

/** Needs no directory yet: buckets are made by `ensureBucket`, our own state when something is first written. */
export function openDirectoryStore(options: DirectoryStoreOptions): ObjectStore {
  return new DirectoryStore(options)
}

/** Bytes read at once. */
const READ_BYTES = 256 * 1024
/** Stands for the attempt where the dispatcher itself writes. */
const OWN_WRITES = 'writes'

class DirectoryStore implements ObjectStore {
  readonly type = 'directory'
  readonly name: string
  readonly #path: string
  readonly #staging: Staging
  readonly #told = new Set<string>()

  constructor(private readonly options: DirectoryStoreOptions) {
    this.name = options.name
    this.#path = resolve(options.path)
    this.#staging = new Staging(this.#path)
  }

  async ensureBucket(bucket: string): Promise<void> {
    checkBucket(this.name, bucket)
    await translated(this.#where({ bucket }), async () => {
      const made = await mkdir(join(this.#path, bucket), { recursive: true })
      if (made !== undefined) await syncFolder(dirname(made))
    })
  }

  head(object: ObjectRef): Promise<ObjectEvent | undefined> {
    return translated(this.#where(object), async () => {
      const found = await this.#find(object)
      return found && this.#event(object, found.facts)
    })
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<ObjectEvent> {
    try {
      const root = await this.#root(bucket)
      for await (const { key, facts } of listFiles({ root, prefix, unreadable: this.#unreadable(bucket) })) {
        yield this.#event({ bucket, key }, facts)
      }
    } catch (error) {
      throw translate(this.#where({ bucket }), error)
    }
  }

  read(object: ObjectRef): Promise<Readable> {
    return translated(this.#where(object), async () => {
      const segments = keySegments(this.name, object)
      const file = await openFileInside(await this.#root(object.bucket), segments)
      if (!file) throw this.#notFound(object)
      return file.createReadStream({ highWaterMark: READ_BYTES })
    })
  }

  async write(object: ObjectRef, content: Readable): Promise<void> {
    const where = this.#where(object)
    try {
      const segments = keySegments(this.name, object)
      const root = await translated(where, () => this.#root(object.bucket))
      const { path, file } = await translated(where, () => this.#staging.prepare(OWN_WRITES))
      try {
        await receive(path, content, where)
        await translated(where, () => place({ from: path, root, segments, where, unique: file }))
      } finally {
        await rm(path, { force: true })
      }
    } finally {
      content.destroy()
    }
  }

  remove(object: ObjectRef): Promise<void> {
    return translated(this.#where(object), async () => {
      const segments = keySegments(this.name, object)
      await removeFileInside(await this.#root(object.bucket), segments)
    })
  }

  /** A file has no end of its validity; whoever may read the disk may read it. */
  grantRead(object: ObjectRef, expiresAt: number): Promise<Grant & Pick<InputGrant, 'size'>> {
    return translated(this.#where(object), async () => {
      const found = await this.#find(object)
      if (!found) throw this.#notFound(object)
      return { method: 'GET', url: pathToFileURL(found.real).href, expiresAt, size: Number(found.facts.size) }
    })
  }

  async stage({ expiresAt, ...request }: StageRequest): Promise<Staged> {
    const { path, ticket } = await this.#stage(request)
    return { grant: { method: 'PUT', url: pathToFileURL(path).href, expiresAt }, ticket }
  }

  async fill(request: Omit<StageRequest, 'expiresAt'>, content: Readable): Promise<string> {
    const { path, ticket } = await this.#stage(request)
    try {
      await receive(path, content, this.#where(request))
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
    return ticket
  }

  async publish(text: string): Promise<PublishedOutput> {
    const ticket = readTicket(this.name, text)
    const { bucket, key, attempt, file } = ticket
    const where = this.#where(ticket)
    const segments = keySegments(this.name, ticket)
    return translated(where, async () => {
      const root = await this.#root(bucket)
      const from = this.#staging.pathOf(attempt, file)
      const size = (await place({ from, root, segments, where, unique: file })) ?? (await this.#sizeAsPublished(ticket))
      await this.#staging.tidy(attempt)
      return { storage: this.name, bucket, key, size }
    })
  }

  discard(attempt: string): Promise<void> {
    return translated(this.name, () => this.#staging.discard(attempt))
  }

  stagedAttempts(): Promise<string[]> {
    return translated(this.name, async () => (await this.#staging.attempts()).filter((name) => name !== OWN_WRITES))
  }

  watch(bucket: string, created: (event: ObjectEvent) => void, signal: AbortSignal): Promise<void> {
    const { settleSeconds, now = Date.now } = this.options
    const sinceMs = now()
    return translated(this.#where({ bucket }), async () => {
      const root = await this.#root(bucket)
      const settled = (key: string, facts: BigIntStats) => created(this.#event({ bucket, key }, facts))
      const log = (message: string) => this.#tellOnce(`${this.#where({ bucket })}: ${message}`)
      await watchFiles({ root, settleMs: settleSeconds * 1000, sinceMs, now, settled, log }, signal)
    })
  }

  /** Holds nothing open between calls; a watch ends with its signal. */
  async close(): Promise<void> {}

  #stage({ bucket, key, attempt }: Omit<StageRequest, 'expiresAt'>): Promise<{ path: string; ticket: string }> {
    return translated(this.#where({ bucket, key }), async () => {
      const before = await this.#find({ bucket, key })
      const { path, file } = await this.#staging.prepare(attempt)
      const ticket: Ticket = { attempt, file, bucket, key, before: before ? entityTag(before.facts) : null }
      return { path, ticket: JSON.stringify(ticket) }
    })
  }

  /** An earlier `publish` that was cut short after the file had moved: then the key has another object than at `stage`. */
  async #sizeAsPublished(ticket: Ticket): Promise<number> {
    const found = await this.#find(ticket)
    if (found && entityTag(found.facts) !== ticket.before) return Number(found.facts.size)
    throw new SpillwayError(
      'output-refused',
      `${this.#where(ticket)}: nothing was written with the grant for this result`,
    )
  }

  async #find(object: ObjectRef): Promise<{ real: string; facts: BigIntStats } | undefined> {
    const segments = keySegments(this.name, object)
    const root = await this.#root(object.bucket)
    const found = await lookInside(root, join(root, ...segments))
    return found?.facts.isFile() ? found : undefined
  }

  async #root(bucket: string): Promise<BucketRoot> {
    checkBucket(this.name, bucket)
    const path = join(this.#path, bucket)
    try {
      return await realpath(`${path}/.`)
    } catch (error) {
      throw isMissing(error) ? new BucketMissing(path) : error
    }
  }

  #event({ bucket, key }: ObjectRef, facts: BigIntStats): ObjectEvent {
    return objectEvent({ storage: this.name, bucket, key }, facts)
  }

  #where({ bucket, key }: { bucket: string; key?: string }): string {
    return `${this.name}://${bucket}${key === undefined ? '' : `/${key}`}`
  }

  #notFound(object: ObjectRef): SpillwayError {
    return new SpillwayError('object-not-found', `${this.#where(object)}: there is no such file below ${this.#path}`)
  }

  #unreadable(bucket: string): (path: string, error: Error) => void {
    return (path, error) =>
      this.#tellOnce(`${this.#where({ bucket, key: path })} is left out of listings: ${error.message}`)
  }

  #tellOnce(message: string): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    this.options.log?.(message)
  }
}

/** Errors of the content are its sender's and pass unchanged. */
async function receive(path: string, content: Readable, where: string): Promise<void> {
  const file = await translated(where, () => open(path, 'wx'))
  try {
    for await (const chunk of content) await translated(where, () => file.appendFile(chunk as Uint8Array | string))
  } finally {
    await file.close()
  }
}
