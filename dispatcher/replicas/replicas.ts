/**
 * This dispatcher among others on the same database: says that it is alive, sees who else is, takes duties that nobody
 * has, and what a dead one looked after. Alone on a database that lets one in, it has every duty.
 */
import { asError } from '../../runtime/contract/errors.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { BackendHost } from '../backends/backend.js'
import type { AttemptRef } from '../database/database.js'
import type { Beat, Shared } from '../database/shared.js'
import { idleKey, type IdleWorkers, type WorkerBook } from '../workers/worker-book.js'
import { Bulletin, readBulletin } from './bulletin.js'

/** Milliseconds between two beats. */
const BEAT_MS = 1000

/** Milliseconds after a dispatcher was seen last, in which what it had is looked for. */
const ADOPT_MS = 10_000

/** Milliseconds between two clearances of what nobody needs any more. */
const TIDY_MS = 60_000

export interface ReplicasContext {
  /** Absent: this dispatcher is the only one. */
  shared: Shared | undefined
  /** What this one may take. */
  duties(): string[]
  /** Back-ends that are called: an attempt there needs somebody who waits for its end. */
  called(): BackendName[]
  /** Of the workers that this one hears of. */
  book: Pick<WorkerBook, 'idle' | 'idleByRelease'>
  /** Another one has told that the topic changed. */
  onHeard(topic: string, count: number): void
  /** Something may have been missed. */
  onGap(): void
  /** While others are there: what they did not tell is to be found all the same. */
  onBeat(): Promise<void>
  /** A function came, changed or went, wherever. */
  onFunctions(): Promise<void>
  /** The duties of this one are others than before. */
  onDuties(): void
  /** The attempts are this one's to look after from now on. */
  onAdopted(attempts: AttemptRef[]): Promise<void>
  /** Now and then. */
  onTidy(): Promise<void>
  log: BackendHost['log']
}

export class Replicas {
  readonly #context: ReplicasContext
  readonly #bulletin: Bulletin | undefined
  #others = new Map<number, IdleWorkers>()
  #held = ''
  #functions: string | undefined
  #adoptUntil = 0
  #tidyAt = performance.now() + TIDY_MS
  #round: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #trouble: string | undefined
  #isStopped = false

  constructor(context: ReplicasContext) {
    this.#context = context
    const { shared } = context
    if (shared) this.#bulletin = new Bulletin((words) => shared.tell(words))
  }

  /** Resolves once it is known who else is there, and this one has what it could take. */
  async start(): Promise<void> {
    const { shared, onGap, onHeard } = this.#context
    if (!shared) return
    shared.listen({
      onWords: (words) => readBulletin(words).forEach(({ topic, count }) => onHeard(topic, count)),
      onGap,
    })
    this.#adoptUntil = performance.now() + ADOPT_MS
    await this.#beat()
    await this.#round
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** Whether this dispatcher is the one that does it now. */
  holds(duty: string): boolean {
    const { shared } = this.#context
    return !shared || shared.holds(duty)
  }

  get isAlone(): boolean {
    return this.#others.size === 0
  }

  /** This one and the others. */
  get count(): number {
    return 1 + this.#others.size
  }

  /** Workers of a release that wait for work, at whatever dispatcher. */
  idleOf(functionName: string, release: number): string[] {
    const key = idleKey(functionName, release)
    const elsewhere = [...this.#others.values()].flatMap((idle) => idle[key] ?? [])
    return [...this.#context.book.idle(functionName, release), ...elsewhere]
  }

  /** Tells the others, if there are any. */
  tell(topic: string, count: number): void {
    if (!this.isAlone) this.#bulletin?.add(topic, count)
  }

  async #beat(): Promise<void> {
    const { shared, book, log } = this.#context
    try {
      this.#note(await shared!.beat(JSON.stringify(book.idleByRelease())))
      this.#trouble = undefined
    } catch (thrown) {
      const { message } = asError(thrown)
      if (message !== this.#trouble) log('warn', `the other dispatchers cannot be seen: ${message}`)
      this.#trouble = message
    }
    this.#compareDuties()
    // Taking duties waits for writes; beats must not.
    this.#round ??= this.#followUp().finally(() => (this.#round = undefined))
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#beat(), BEAT_MS).unref()
  }

  #note({ members, functions }: Beat): void {
    const before = this.#others
    this.#others = new Map(members.map(({ number, note }) => [number, readNote(note)]))
    const gone = [...before.keys()].filter((number) => !this.#others.has(number))
    if (gone.length > 0) {
      this.#adoptUntil = performance.now() + ADOPT_MS
      this.#context.log('info', `dispatcher ${gone.join(', ')} is gone; what it had is taken over`)
    }
    const isOld = this.#functions !== undefined && this.#functions !== functions
    this.#functions = functions
    if (isOld) this.#context.onFunctions().catch((thrown: unknown) => this.#failed(thrown))
  }

  async #followUp(): Promise<void> {
    try {
      await this.#takeDuties()
      await this.#adopt()
      if (!this.isAlone) await this.#context.onBeat()
      await this.#tidy()
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  async #takeDuties(): Promise<void> {
    const { shared, duties } = this.#context
    for (const duty of duties()) await shared!.take(duty)
    this.#compareDuties()
  }

  #compareDuties(): void {
    const held = this.#context.duties().filter((duty) => this.holds(duty))
    if (held.join() === this.#held) return
    this.#held = held.join()
    this.#context.log(
      'info',
      held.length > 0 ? `this dispatcher has ${held.join(', ')}` : 'this dispatcher has no duty',
    )
    if (held.includes(TEND)) this.#adoptUntil = performance.now() + ADOPT_MS
    this.#context.onDuties()
  }

  async #adopt(): Promise<void> {
    const { shared, called, onAdopted } = this.#context
    if (!this.holds(TEND) || performance.now() > this.#adoptUntil) return
    const attempts = await shared!.adopt(called())
    if (attempts.length > 0) await onAdopted(attempts)
  }

  async #tidy(): Promise<void> {
    if (performance.now() < this.#tidyAt) return
    this.#tidyAt = performance.now() + TIDY_MS
    await this.#context.onTidy()
  }

  #failed(thrown: unknown): void {
    if (!this.#isStopped) this.#context.log('warn', `something is left for the next beat: ${asError(thrown).message}`)
  }
}

/** Duties, of which each is with one dispatcher at a time. */
export const TEND = 'tend'
export const CALL = 'call'
export const scaleDuty = (backend: BackendName): string => `scale ${backend}`
export const listDuty = (storage: string): string => `list ${storage}`

const readNote = (note: string): IdleWorkers => (note === '' ? {} : (JSON.parse(note) as IdleWorkers))
