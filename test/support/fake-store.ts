/** A storage as far as inputs are asked for: it gives what it holds, or the fault that a test wants. */
import { Readable } from 'node:stream'
import type { ObjectRef, ObjectStore, Staged, StageRequest } from '../../dispatcher/storage/object-store.js'
import { SpillwayError } from '../../runtime/contract/errors.js'

const UNAVAILABLE = new SpillwayError('storage-unavailable', 'lake: it does not answer')
const FULL = new SpillwayError('storage-unavailable', 'lake: the disk is full', { full: true })
const REFUSED = new SpillwayError('storage-refused', 'lake: the store does not take the keys of the storage')

export class FakeStore {
  readonly name = 'lake'
  readonly type = 'minio' as const
  /** `bucket/key` of what was asked for. */
  readonly asked: string[] = []
  /** Attempts that have begun something there. */
  readonly staged = new Set<string>()
  readOnly = false
  /** Nothing can be written, though it can be begun. */
  isFull = false
  /** Called before each read is granted. */
  onGrant = async (): Promise<void> => undefined
  #fault: Error | undefined
  #refused = (_object: ObjectRef): boolean => false
  #gone = new Set<string>()

  /** From now on nothing comes of any call. */
  isAway(why: 'unavailable' | 'refused' = 'unavailable'): void {
    this.#fault = why === 'unavailable' ? UNAVAILABLE : REFUSED
  }

  isBack(): void {
    this.#fault = undefined
    this.#refused = () => false
  }

  /** These objects, or all calls for these buckets, are refused. */
  refuses(which: (object: ObjectRef) => boolean): void {
    this.#refused = which
  }

  lost(key: string): void {
    this.#gone.add(key)
  }

  async grantRead(object: ObjectRef, expiresAt: number) {
    await this.onGrant()
    this.#mustBeThere(object)
    return { method: 'GET' as const, url: `http://lake/${object.bucket}/${object.key}`, expiresAt, size: 5 }
  }

  async head(object: ObjectRef) {
    this.#mustBeThere(object)
    return undefined
  }

  async read(object: ObjectRef) {
    this.#mustBeThere(object)
    return Readable.from([Buffer.from('hello')])
  }

  /** Answers also where nothing may be written, as long as nothing is. */
  async stage({ bucket, key, attempt }: StageRequest): Promise<Staged> {
    this.#mustBeThere({ bucket, key })
    if (this.readOnly) throw REFUSED
    this.staged.add(attempt)
    return { grant: { method: 'PUT', url: `http://lake/${bucket}/${key}`, expiresAt: 0 }, ticket: '' }
  }

  async fill({ bucket, key, attempt }: Omit<StageRequest, 'expiresAt'>): Promise<string> {
    await this.stage({ bucket, key, attempt, size: 1, expiresAt: 0 })
    if (this.isFull) throw FULL
    return ''
  }

  async discard(attempt: string): Promise<void> {
    this.staged.delete(attempt)
  }

  async *list(bucket: string, prefix: string) {
    if (this.#fault) throw this.#fault
    if (this.#refused({ bucket, key: '' })) throw REFUSED
    yield { storage: this.name, bucket, key: prefix, size: 5, time: '2026-01-01T00:00:00Z' }
  }

  /** For what takes any storage. */
  asStore(): ObjectStore {
    return this as unknown as ObjectStore
  }

  #mustBeThere(object: ObjectRef): void {
    this.asked.push(`${object.bucket}/${object.key}`)
    if (this.#fault) throw this.#fault
    if (this.#refused(object)) throw REFUSED
    if (this.#gone.has(object.key)) throw new SpillwayError('object-not-found', `${object.key} is gone`)
  }
}

export const full = () => FULL
export const unavailable = () => UNAVAILABLE
export const refused = () => REFUSED
