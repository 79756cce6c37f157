/** What is seen of the cluster around the workers: its nodes, and what others run there. Asked for rarely, and more so where it costs more. */
import type { BackendLimits } from '../../backend.js'
import type { Cluster } from '../cluster/cluster.js'
import { limitsOf } from '../limits.js'
import { othersThan } from '../names.js'
import type { Node } from '../cluster/objects.js'
import { Room } from './room.js'
import { takenBy, type Taken } from './taken.js'

export interface SurroundingsContext {
  cluster: Pick<Cluster, 'listNodes' | 'listOtherPods'>
  /** Of the dispatcher whose workers are no others. */
  instance: string
  /** Nodes come when they are needed: those that are there limit nothing. */
  autoscaling: boolean
  kitIsCopied: boolean
  now(): number
}

/** Milliseconds between two looks while work waits or could not, and while all is quiet. */
const PRESSING_MS = 5000
const QUIET_MS = 60_000

/** Milliseconds for which it must have pressed: most work is with a worker by then, and the cluster busy with starting that one. */
const LASTING_MS = 500

/** A look that takes a second is not repeated for fifty. */
const REST_SHARE = 50

/** Milliseconds after which is asked again for what may not be looked at; they double. Rights take a moment to be known after they were given. */
const FORBIDDEN_FIRST_MS = 5000
const FORBIDDEN_SOON_MS = 60_000
/** The same once they should be known: somebody may have changed that. */
const FORBIDDEN_MS = 600_000

type Forbidden = 'nodes' | 'pods'

export class Surroundings {
  readonly #context: SurroundingsContext
  /** Undefined where they may not be looked at, or there are none. */
  #nodes: readonly Node[] | undefined
  /** Undefined where pods of others may not be looked at. */
  #taken: Taken | undefined
  #room: Room | undefined
  #limits: BackendLimits
  #look: { at: number; tookMs: number } = { at: Number.NEGATIVE_INFINITY, tookMs: 0 }
  #looking: Promise<void> | undefined
  /** Epoch milliseconds; undefined while nothing presses. */
  #pressingSince: number | undefined
  readonly #forbidden = new Map<Forbidden, { at: number; pauseMs: number }>()

  private constructor(context: SurroundingsContext) {
    this.#context = context
    this.#limits = limitsOf(undefined)
  }

  /** With a first look at the nodes, which somebody has taken already. */
  static async open(context: SurroundingsContext, nodes: readonly Node[] | undefined): Promise<Surroundings> {
    const surroundings = new Surroundings(context)
    await surroundings.#begin(() => surroundings.#unlessForbidden('nodes', () => Promise.resolve(nodes)))
    return surroundings
  }

  /** Undefined: as far as anybody can tell there is room for any number. */
  get room(): Room | undefined {
    return this.#room
  }

  get limits(): BackendLimits {
    return this.#limits
  }

  /** What others take of the nodes is in `room`. */
  get seesOthers(): boolean {
    return this.#room !== undefined && this.#taken !== undefined
  }

  /** Names of nodes that are to get no more work. */
  get cordoned(): string[] {
    return (this.#nodes ?? []).filter(({ spec }) => spec?.unschedulable).map(({ metadata }) => metadata.name)
  }

  /** To be asked in each round. `isPressing`: work waits, or there is no room for any. */
  isDue(isPressing: boolean): boolean {
    const { at, tookMs } = this.#look
    const now = this.#context.now()
    this.#pressingSince = isPressing ? (this.#pressingSince ?? now) : undefined
    const lasts = this.#pressingSince !== undefined && now - this.#pressingSince >= LASTING_MS
    const mayChange = [...this.#forbidden.values()].some(({ pauseMs }) => pauseMs < FORBIDDEN_SOON_MS)
    const pauseMs = lasts || mayChange ? PRESSING_MS : QUIET_MS
    return now - at >= Math.max(pauseMs, REST_SHARE * tookMs)
  }

  /** One at a time. Rejects when the cluster does not answer, and what was known stays. */
  look(): Promise<void> {
    const { cluster } = this.#context
    return this.#begin(() => this.#unlessForbidden('nodes', () => cluster.listNodes()))
  }

  #begin(listNodes: () => Promise<readonly Node[] | undefined>): Promise<void> {
    this.#looking ??= this.#lookOnce(listNodes).finally(() => (this.#looking = undefined))
    return this.#looking
  }

  /** What a person should know who wonders about the slots. */
  notes(): string[] {
    if (this.#context.autoscaling) return []
    if (!this.#nodes)
      return ['nodes may not be listed, so whether there is room is learned from workers that find no place']
    if (this.#taken) return []
    return [
      'pods of all namespaces may not be listed, so what others take of the nodes is learned from workers that find no place (spillway install --read-pods lets it know before)',
    ]
  }

  async #lookOnce(listNodes: () => Promise<readonly Node[] | undefined>): Promise<void> {
    const { autoscaling, kitIsCopied, now } = this.#context
    const at = now()
    this.#look = { at, tookMs: this.#look.tookMs }
    const nodes = await listNodes()
    const limiting = autoscaling || !nodes?.length ? undefined : nodes
    const taken = limiting && (await this.#takenByOthers())
    this.#nodes = nodes
    this.#taken = taken
    this.#limits = limitsOf(limiting)
    this.#room = limiting && new Room({ nodes: limiting, taken, kitIsCopied })
    this.#look = { at, tookMs: now() - at }
  }

  /** It may be a long list, of which no more is kept than that; one that fails is asked for the next time. */
  async #takenByOthers(): Promise<Taken | undefined> {
    const { cluster, instance } = this.#context
    try {
      const others = await this.#unlessForbidden('pods', () => cluster.listOtherPods(othersThan(instance)))
      return others && takenBy(others)
    } catch {
      return this.#taken
    }
  }

  async #unlessForbidden<T>(
    what: Forbidden,
    list: () => Promise<readonly T[] | undefined>,
  ): Promise<readonly T[] | undefined> {
    const { now } = this.#context
    const before = this.#forbidden.get(what)
    if (before && now() - before.at < before.pauseMs) return undefined
    const items = await list()
    if (items) this.#forbidden.delete(what)
    else this.#forbidden.set(what, { at: now(), pauseMs: pauseAfter(before?.pauseMs) })
    return items
  }
}

function pauseAfter(beforeMs: number | undefined): number {
  if (beforeMs === undefined) return FORBIDDEN_FIRST_MS
  return 2 * beforeMs < FORBIDDEN_SOON_MS ? 2 * beforeMs : FORBIDDEN_MS
}
