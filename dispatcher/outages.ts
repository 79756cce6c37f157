/**
 * Storages that do not answer, or refuse: work on what lies there waits, and counts nothing of it, while they are asked
 * again and again. What is away is as small as can be told: an object, its bucket, or the whole storage.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { asError, isGone, SpillwayError } from '../runtime/contract/errors.js'
import type { FunctionSpec } from '../runtime/contract/function-spec.js'
import type { BackendHost } from './backends/backend.js'
import { Relapses } from './relapses.js'
import type { ObjectRef, ObjectStore } from './storage/object-store.js'

/** Milliseconds before something is asked for again: as long as it has been away, within these. */
const FIRST_MS = 1000
const MOST_MS = 60_000
/** The same for one object that is refused where others are not. */
const ALONE_MOST_MS = 600_000

/** What is written to see whether anything can be: a disk that has just this little room is as good as full. */
const TRIAL_BYTES = 1024 ** 2

/** Milliseconds that the grants would last which are asked for only to see whether there are any. */
const GRANT_MS = 60_000

/** Messages that a storage shows at most. */
const MESSAGES_MAX = 10

export interface OutagesContext {
  store(name: string): ObjectStore
  now(): number
  log: BackendHost['log']
  /** Work that could not start may be able to now. */
  onOver(): void
}

export interface StoredObject extends ObjectRef {
  storage: string
}

/** Until when work is set aside, and why; epoch milliseconds. */
export interface Aside {
  until: number
  why: string
  /** Where nothing can be had for anybody; absent: nobody knows that of more than the one object. */
  place?: { storage: string; bucket?: string }
}

interface Outage {
  /** What is asked for. */
  object: StoredObject
  isAlone: boolean
  ask(): Promise<unknown>
  /** Results are refused: who may read there, or list, has not proved anything. */
  isOfResults: boolean
  isAsking: boolean
  since: number
  askAt: number
  /** What it said last. */
  message: string
  /** What it said first: work that waits says so once. */
  why: string
}

type Asked = Pick<Outage, 'object' | 'ask' | 'isOfResults'>
type Place = Pick<StoredObject, 'storage' | 'bucket'>

export class Outages {
  readonly #context: OutagesContext
  /** By place: `storage`, `storage://bucket` or `storage://bucket/key`. */
  readonly #outages = new Map<string, Outage>()
  readonly #relapses = new Relapses()

  constructor(context: OutagesContext) {
    this.#context = context
  }

  /** Whether work of that function had better not start: all that it reads from is away, or a place of its results. */
  holds({ input, output }: Pick<FunctionSpec, 'input' | 'output'>): boolean {
    if (this.#outages.size === 0) return false
    if (output.some((rule) => this.#around(rule) !== undefined)) return true
    return input.length > 0 && input.every((rule) => this.of(rule) !== undefined)
  }

  /** Undefined: an object there may be asked for. */
  of(place: Place): Aside | undefined {
    const outage = this.#around(place)
    return outage && !outage.isOfResults ? this.#asideWithAll(outage, place) : undefined
  }

  /** An input could not be had, though nobody says that it is gone. */
  noteInput(object: StoredObject, fault: SpillwayError): Aside {
    const ask = () => this.#store(object).grantRead(object, this.#context.now() + GRANT_MS)
    return this.#note(fault, { object, ask, isOfResults: false })
  }

  /** A result could not be taken to its storage, which does not answer or refuses it. */
  noteOutput(object: StoredObject, fault: SpillwayError): Aside {
    if (fault.retryable && fault.details.full !== true)
      return this.#note(fault, { object, ask: () => this.#store(object).head(object), isOfResults: false })
    return this.#note(fault, { object, ask: () => this.#tryToWrite(object), isOfResults: true })
  }

  /**
   * Whether an object is gone that a worker could not read. A store that takes the worker's URL no more, as after a change
   * of keys, looks the same to it.
   */
  async confirms(object: StoredObject): Promise<boolean> {
    const store = this.#store(object)
    if (store.type === 'directory') return true
    try {
      await store.grantRead(object, this.#context.now() + GRANT_MS)
      return false
    } catch (thrown) {
      if (thrown instanceof SpillwayError && !isGone(thrown)) this.noteInput(object, thrown)
      return isGone(thrown)
    }
  }

  /** The storage has told of that object. */
  answered(object: StoredObject): void {
    if (this.#outages.size === 0) return
    this.#end(placesOf(object).filter((place) => this.#outages.get(place)?.isOfResults === false))
  }

  /** Asks again for what is due. */
  look(): void {
    const now = this.#context.now()
    for (const [place, outage] of this.#outages) {
      if (outage.isAsking || outage.askAt > now) continue
      if (!outage.isAlone) void this.#askAgain(place, outage)
      else if (outage.askAt + ALONE_MOST_MS < now) this.#outages.delete(place)
    }
  }

  /** Why work on objects of that storage waits, for people; none when it does not. */
  messages(storage: string): string[] {
    const mine = [...this.#outages.values()].filter(({ object }) => object.storage === storage)
    return mine.slice(0, MESSAGES_MAX).map(({ message }) => message)
  }

  #note(fault: SpillwayError, asked: Asked): Aside {
    const [storage, bucket, alone] = placesOf(asked.object)
    const known = this.#around(asked.object)
    if (known) return this.#asideWithAll(known, asked.object)
    const before = this.#outages.get(alone)
    if (before) return this.#aside(this.#wait(before, fault))
    const outage = this.#begin(fault.retryable ? storage : bucket, fault, asked)
    this.look()
    return this.#aside(outage)
  }

  #begin(place: string, { message }: Error, asked: Asked): Outage {
    const now = this.#context.now()
    const askAt = now + (asked.isOfResults ? this.#relapses.pause(place, now) : 0)
    const outage = { ...asked, isAlone: false, isAsking: false, since: now, askAt, message, why: message }
    this.#outages.set(place, outage)
    this.#context.log('warn', `work that needs ${place} waits until it can be used: ${message}`)
    return outage
  }

  /** Tells by the way whether it is only this object that cannot be had. */
  async #askAgain(place: string, outage: Outage): Promise<void> {
    outage.isAsking = true
    const fault = await faultOf(() => outage.ask())
    const isAlone = fault && !outage.isOfResults && (await faultOf(() => this.#list(outage.object))) === undefined
    outage.isAsking = false
    if (this.#outages.get(place) !== outage) return
    if (fault && !isAlone) return void this.#wait(outage, fault)
    if (outage.isOfResults) {
      // All that waited is run at once, and in vain if a little room has come and gone.
      this.#relapses.recovered(place, this.#context.now())
      this.#end([place])
    } else this.answered(outage.object)
    if (fault) this.#setApart(outage, fault)
  }

  #end(places: readonly string[]): void {
    if (places.length === 0) return
    for (const place of places) this.#outages.delete(place)
    this.#context.log('info', `${places.join(' and ')} can be used again`)
    this.#context.onOver()
  }

  /** Whether a result can be taken there; nothing of it is ever seen. */
  async #tryToWrite({ bucket, key, ...object }: StoredObject): Promise<void> {
    const store = this.#store({ bucket, key, ...object })
    const attempt = `attempt-of-nobody-${randomUUID()}`
    try {
      await store.fill({ bucket, key, size: TRIAL_BYTES, attempt }, Readable.from([randomBytes(TRIAL_BYTES)]))
    } finally {
      await store.discard(attempt)
    }
  }

  #setApart(outage: Outage, fault: Error): void {
    const [, , alone] = placesOf(outage.object)
    this.#outages.set(alone, this.#wait({ ...outage, isAlone: true }, fault))
    this.#context.log('warn', `only work on ${alone} waits until it can be used: ${fault.message}`)
  }

  #wait(outage: Outage, { message }: Error): Outage {
    const now = this.#context.now()
    const most = outage.isAlone ? ALONE_MOST_MS : MOST_MS
    outage.askAt = now + Math.min(most, Math.max(FIRST_MS, now - outage.since))
    outage.message = message
    return outage
  }

  #aside({ askAt, why }: Outage): Aside {
    return { until: Math.max(askAt, this.#context.now() + FIRST_MS), why }
  }

  /** Until it has been asked once it may be of one object only. */
  #asideWithAll(outage: Outage, { storage, bucket }: Place): Aside {
    const isKnown = !outage.isOfResults && outage.askAt > outage.since
    return {
      ...this.#aside(outage),
      ...(isKnown ? { place: this.#outages.has(storage) ? { storage } : { storage, bucket } } : {}),
    }
  }

  #around({ storage, bucket }: Place): Outage | undefined {
    return this.#outages.get(storage) ?? this.#outages.get(placeOf({ storage, bucket }))
  }

  async #list({ storage, bucket, key }: StoredObject): Promise<void> {
    const listing = this.#context.store(storage).list(bucket, key)[Symbol.asyncIterator]()
    await listing.next()
    await listing.return?.()
  }

  #store({ storage }: StoredObject): ObjectStore {
    return this.#context.store(storage)
  }
}

const placeOf = ({ storage, bucket }: Place) => `${storage}://${bucket}`

const placesOf = (object: StoredObject): [string, string, string] => [
  object.storage,
  placeOf(object),
  `${placeOf(object)}/${object.key}`,
]

/** A storage that says that something is gone has answered. */
async function faultOf(ask: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await ask()
    return undefined
  } catch (thrown) {
    return isGone(thrown) ? undefined : asError(thrown)
  }
}
