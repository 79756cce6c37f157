/** The workers in a cluster, made to follow the queue: started, looked after, sent away. */
import { specFor } from '../../../../runtime/contract/function-spec.js'
import { EXIT } from '../../../../runtime/contract/worker-environment.js'
import type { BackendHost, Capacity, Demand, Loss } from '../../backend.js'
import { plan, type Crew } from '../../plan.js'
import { Aftermath } from './aftermath.js'
import { Arrivals } from './arrivals.js'
import type { Cluster } from '../cluster/cluster.js'
import { Departures } from './departures.js'
import { Fullness, type RoomInSight } from './fullness.js'
import { makeRoom, stuckOnes, surplus } from './make-room.js'
import { isUnplaced, keyOf, Members, type Member } from './members.js'
import { messages } from './messages.js'
import { lossOf } from './node-loss.js'
import type { PodEnd } from './pod-facts.js'
import type { Preparation } from '../preparation.js'
import { Removals } from './removals.js'
import { Releases } from './releases.js'
import type { Placed } from '../room/room.js'
import { Sightings } from './sightings.js'
import { mayStart } from './slow-start.js'
import type { Place } from '../pod/worker.js'

/** Exit codes that say nothing against starting the next one. */
const BLAMELESS: readonly number[] = [EXIT.done, EXIT.outOfReach]

export interface FleetContext {
  cluster: Cluster
  host: BackendHost
  preparation: Preparation
  place: Place
  keepAliveMs: number
  maxWorkers: number
  /** Milliseconds for which a container may fail to start. */
  troubleMs: number
  now(): number
}

export class Fleet {
  readonly sightings: Sightings
  readonly #context: FleetContext
  readonly #members = new Members()
  readonly #releases: Releases
  readonly #removals: Removals
  readonly #departures: Departures
  readonly #fullness: Fullness
  readonly #aftermath: Aftermath
  readonly #arrivals: Arrivals
  #closed = false
  /** Names of nodes that are to get no more work. */
  #cordoned: ReadonlySet<string> = new Set()
  /** Another dispatcher scales, and what is seen here is seen there. */
  #isFollowing = false

  constructor(context: FleetContext) {
    const now = () => context.now()
    const members = this.#members
    const releases = new Releases(now)
    const removals = new Removals(context)
    const departures = new Departures({ ...context, members, removals })
    const fullness = new Fullness(now)
    const giveWay = (key: string) => this.#giveWay(this.#crews(), [key])
    const aftermath = new Aftermath({ host: context.host, members, releases, departures, fullness, giveWay })
    const arrivals = new Arrivals({ ...context, members, releases, removals, departures, aftermath })
    this.#context = context
    this.#releases = releases
    this.#removals = removals
    this.#departures = departures
    this.#fullness = fullness
    this.#aftermath = aftermath
    this.#arrivals = arrivals
    this.sightings = new Sightings({
      members,
      now,
      onFound: (identity, state) => arrivals.adopt(identity, state),
      onEnded: (id, end) => this.#ended(id, end),
      onLeftOver: ({ job }) => this.#isFollowing || removals.begin(job),
    })
  }

  scale(demands: Demand[]): void {
    if (this.#closed) return
    this.#isFollowing = false
    this.#note(demands)
    this.#removals.goOn()
    for (const member of this.#members.all()) this.#review(member)
    this.#followQueue(this.#crews())
    this.#warm(demands)
  }

  /** Knows all that `scale` has to know, and does nothing. */
  follow(demands: Demand[]): void {
    if (this.#closed) return
    this.#isFollowing = true
    this.#note(demands)
    // One that runs has most likely asked for its function: of another dispatcher.
    for (const member of this.#members.all()) if (member.pod?.phase === 'running') member.state = 'up'
    // Any dispatcher may be asked by a worker what it is to run, and may have to scale in a moment.
    this.#warm(demands)
  }

  /** Workers on these nodes finish what they run, and get nothing more. */
  cordon(nodes: readonly string[]): void {
    this.#cordoned = new Set(nodes)
  }

  /** The worker has asked for its function. */
  noteUp(worker: string): void {
    const member = this.#members.get(worker)
    if (!member) return
    this.#fullness.noteUp(member)
    member.state = 'up'
    this.#releases.clear(keyOf(member.release))
  }

  async lossOf(worker: string): Promise<Loss | undefined> {
    const member = this.#members.get(worker)
    return member && lossOf(member, this.#context)
  }

  silent(worker: string): void {
    const member = this.#members.get(worker)
    if (member && !this.#isFollowing) this.#departures.remove(member, 'its lease ran out')
  }

  figures(trouble: string | undefined) {
    const members = this.#members.all()
    const up = members.filter(({ state }) => state === 'up').length
    const resting = this.#releases.words()
    return {
      workers: up,
      pending: members.length - up,
      messages: [
        ...messages({ members, resting, ...(trouble === undefined ? {} : { trouble }) }),
        ...this.#removals.messages(),
      ],
    }
  }

  capacity(inSight: RoomInSight): Capacity {
    const capacity = this.#fullness.capacity(this.#members.all(), inSight)
    const starting = capacity.starting.map((one) => ({ ...one, cpu: this.#cpuOf(this.#members.get(one.worker)) }))
    return { ...capacity, starting }
  }

  /** vCPU of each worker that has found a place. */
  placed(): number[] {
    const staying = this.#members.all().filter((member) => !member.stopping && !isUnplaced(member))
    return staying.map((member) => this.#cpuOf(member))
  }

  /** Where those are that have something to do: the others give way. */
  busy(): Placed[] {
    return this.#members.all().flatMap((member) => {
      const { node, idleSince } = member
      return node === undefined || idleSince !== undefined ? [] : [{ node, cpu: this.#cpuOf(member) }]
    })
  }

  /** The work there is now. */
  get demands(): readonly Demand[] {
    return this.#releases.demands()
  }

  /** Workers are left alone: they wait for the next dispatcher. */
  close(): void {
    this.#closed = true
    this.#arrivals.close()
  }

  #cpuOf(member: Member | undefined): number {
    const release = member && this.#releases.get(keyOf(member.release))
    return release ? specFor(release.spec, 'kubernetes').cpu : 1
  }

  #note(demands: Demand[]): void {
    this.#context.preparation.keep(this.#releases.remember(demands))
    this.#noteIdle(new Set(demands.flatMap(({ idle }) => idle)))
    this.#fullness.look(this.#members.all())
  }

  #warm(demands: Demand[]): void {
    this.#context.preparation.warm(demands.map(({ release }) => release))
  }

  #noteIdle(idle: ReadonlySet<string>): void {
    for (const member of this.#members.all()) {
      if (!idle.has(member.id)) delete member.idleSince
      else {
        member.idleSince ??= this.#context.now()
        member.state = 'up'
      }
    }
  }

  #crews(): Crew[] {
    return this.#releases.demands().map((demand) => this.#crew(demand))
  }

  #crew({ release, queued, running, concurrency, idle }: Demand): Crew {
    const key = keyOf(release)
    return {
      key,
      queued: this.#releases.isResting(key) ? 0 : queued,
      running,
      concurrency,
      workers: this.#members.of(key).length,
      idle: idle.filter((worker) => this.#members.get(worker)?.stopping === false),
    }
  }

  /** Sends it away when it is not needed, or looks after it while it is on its way up. */
  #review(member: Member): void {
    const { now, keepAliveMs } = this.#context
    const { release, node, stopping, state } = member
    const { leaveBy = Number.POSITIVE_INFINITY, idleSince = Number.POSITIVE_INFINITY } = member
    const departures = this.#departures
    if (node !== undefined && this.#cordoned.has(node) && !stopping) return departures.dismiss(member)
    if (stopping && now() >= leaveBy) return departures.remove(member, 'it did not end when it was asked to')
    if (stopping) return
    if (!this.#releases.get(keyOf(release)) || now() - idleSince >= keepAliveMs) return departures.dismiss(member)
    if (state === 'awaited') this.#arrivals.lookAfter(member)
  }

  #followQueue(crews: Crew[]): void {
    const now = this.#context.now()
    const members = this.#members.all()
    const leaving = members.filter(({ stopping }) => stopping).length
    const up = members.filter(({ state }) => state === 'up').length
    const slots = this.#context.maxWorkers - leaving
    const { start, stop } = plan(crews, slots)
    const starting = start.slice(0, mayStart({ up, starting: members.length - up }))
    const over = members.length - leaving + starting.length - slots
    for (const worker of stop.slice(0, Math.max(0, over))) this.#departures.dismiss(this.#members.get(worker))
    const stuck = stuckOnes(members, now)
    for (const member of stuck) member.room = { at: now, times: member.room.times + 1 }
    this.#giveWay(
      crews,
      stuck.map(({ release }) => keyOf(release)),
    )
    for (const key of starting) this.#arrivals.start(this.#releases.get(key)!)
    for (const crew of crews.filter(({ key }) => !this.#releases.isResting(key)))
      for (const member of surplus(members, crew, now)) this.#departures.dismiss(member)
  }

  /** Idle workers of other releases go, one for each worker that lacks the room. */
  #giveWay(crews: Crew[], stuck: readonly string[]): void {
    for (const worker of makeRoom(crews, stuck)) this.#departures.dismiss(this.#members.get(worker))
  }

  #ended(id: string, { cause, why, isImageFault, exitCode = 0 }: PodEnd): void {
    const member = this.#members.get(id)
    this.#departures.forget({ id }, why, cause)
    if (!member || member.stopping || this.#isFollowing) return
    if (isImageFault) this.#aftermath.of(member, { kind: 'function', words: why, isDoubtful: true })
    else if (!BLAMELESS.includes(exitCode) && cause === 'worker-lost')
      this.#aftermath.of(member, { kind: 'platform', words: why })
  }
}
