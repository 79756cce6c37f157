/** The workers in a cluster, made to follow the queue: started, looked after, sent away. */
import { randomUUID } from 'node:crypto'
import { asError } from '../../../runtime/contract/errors.js'
import { failed, type Cause } from '../../../runtime/contract/outcome.js'
import type { Release } from '../../../runtime/contract/release.js'
import type { BackendHost, Capacity, Demand, Loss } from '../backend.js'
import { plan, type Crew } from '../plan.js'
import { averageRequest, isUnplaced, type Request } from './capacity.js'
import type { Cluster } from './cluster.js'
import { complaintOf, type Complaint } from './complaint.js'
import { launch } from './launch.js'
import { makeRoom, stuckOnes, surplus } from './make-room.js'
import { doesWell, keyOf, Members, type Identity, type Member } from './members.js'
import { messages } from './messages.js'
import { oversee } from './oversee.js'
import { lossOf } from './node-loss.js'
import type { PodEnd } from './pod-facts.js'
import type { Preparation } from './preparation.js'
import { Removals } from './removals.js'
import { Releases } from './releases.js'
import { Sightings } from './sightings.js'
import { mayStart } from './slow-start.js'
import type { Place } from './worker.js'

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

/** Milliseconds for which a container may fail to start whose function is known to be at fault. */
const KNOWN_TROUBLE_MS = 20_000

/** What a worker is expected to take to come up until some have; then, what the newest counts in that. */
const BOOT_SECONDS = 5
const NEWEST_SHARE = 0.3

/** Milliseconds for which a quota that has refused a worker is taken for full. */
const FULL_MS = 30_000

/** Milliseconds in which an idle worker that was sent away must be gone. */
const LEAVE_MS = 60_000

const NOT_WANTED = 'it is not wanted any more'

export class Fleet {
  readonly sightings: Sightings
  readonly #context: FleetContext
  readonly #members = new Members()
  readonly #releases: Releases
  readonly #removals: Removals
  #closed = false
  /** Names of nodes that are to get no more work. */
  #cordoned: ReadonlySet<string> = new Set()
  #bootSeconds = BOOT_SECONDS
  /** When a quota last refused a worker. */
  #fullAt = -Infinity
  /** Another dispatcher scales, and what is seen here is seen there. */
  #isFollowing = false

  constructor(context: FleetContext) {
    this.#context = context
    this.#releases = new Releases(() => context.now())
    this.#removals = new Removals(context)
    this.sightings = new Sightings({
      members: this.#members,
      now: () => context.now(),
      onFound: (identity, state) => this.#adopt(identity, state),
      onEnded: (id, end) => this.#ended(id, end),
      onLeftOver: ({ job }) => this.#isFollowing || this.#removals.begin(job),
    })
  }

  scale(demands: Demand[]): void {
    if (this.#closed) return
    this.#isFollowing = false
    this.#context.preparation.keep(this.#releases.remember(demands))
    this.#noteIdle(new Set(demands.flatMap(({ idle }) => idle)))
    this.#removals.goOn()
    for (const member of this.#members.all()) this.#review(member)
    this.#followQueue(demands.map((demand) => this.#crew(demand)))
    this.#context.preparation.warm(demands.map(({ release }) => release))
  }

  /** Workers on these nodes finish what they run, and get nothing more. */
  cordon(nodes: readonly string[]): void {
    this.#cordoned = new Set(nodes)
  }

  /** Knows all that `scale` has to know, and does nothing. */
  follow(demands: Demand[]): void {
    if (this.#closed) return
    this.#isFollowing = true
    this.#context.preparation.keep(this.#releases.remember(demands))
    this.#noteIdle(new Set(demands.flatMap(({ idle }) => idle)))
    // One that runs has most likely asked for its function: of another dispatcher.
    for (const member of this.#members.all()) if (member.pod?.phase === 'running') member.state = 'up'
  }

  /** The worker has asked for its function. */
  noteUp(worker: string): void {
    const member = this.#members.get(worker)
    if (!member) return
    if (member.state === 'awaited' && !isUnplaced(member)) this.#learnBoot(member)
    member.state = 'up'
    this.#releases.clear(keyOf(member.release))
  }

  async lossOf(worker: string): Promise<Loss | undefined> {
    const member = this.#members.get(worker)
    return member && lossOf(member, this.#context)
  }

  silent(worker: string): void {
    const member = this.#members.get(worker)
    if (member && !this.#isFollowing) this.#remove(member, 'its lease ran out')
  }

  figures(trouble: string | undefined) {
    const members = this.#members.all()
    const up = members.filter(({ state }) => state === 'up').length
    const isFull = members.some(({ pod }) => pod?.phase === 'unscheduled' && pod.words)
    const resting = this.#releases.words()
    return {
      slots: isFull ? up : this.#context.maxWorkers,
      workers: up,
      pending: members.length - up,
      messages: messages({ members, resting, ...(trouble === undefined ? {} : { trouble }) }),
    }
  }

  /** `most`: workers for which there is room, as far as nodes tell; `grows`: more nodes come when they are needed. */
  capacity(most: number, grows: boolean): Capacity {
    const { now } = this.#context
    const staying = this.#members.all().filter(({ stopping }) => !stopping)
    const placed = staying.filter((member) => grows || !isUnplaced(member))
    const isFull = placed.length < staying.length || now() - this.#fullAt < FULL_MS
    return {
      slots: isFull ? Math.min(most, placed.length) : most,
      bootSeconds: this.#bootSeconds,
      starting: placed
        .filter(({ state }) => state !== 'up')
        .map(({ id, createdAt }) => ({ worker: id, since: createdAt })),
    }
  }

  /** The average work of now. */
  get request(): Request | undefined {
    return averageRequest(this.#releases.demands())
  }

  /** Workers are left alone: they wait for the next dispatcher. */
  close(): void {
    this.#closed = true
  }

  #learnBoot({ createdAt }: Member): void {
    const seconds = (this.#context.now() - createdAt) / 1000
    this.#bootSeconds += NEWEST_SHARE * (seconds - this.#bootSeconds)
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

  #noteIdle(idle: ReadonlySet<string>): void {
    for (const member of this.#members.all()) {
      if (!idle.has(member.id)) delete member.idleSince
      else {
        member.idleSince ??= this.#context.now()
        member.state = 'up'
      }
    }
  }

  /** Sends it away when it is not needed, or looks after it while it is on its way up. */
  #review(member: Member): void {
    const { now, keepAliveMs } = this.#context
    const {
      release,
      node,
      stopping,
      leaveBy = Number.POSITIVE_INFINITY,
      state,
      idleSince = Number.POSITIVE_INFINITY,
    } = member
    if (node !== undefined && this.#cordoned.has(node) && !stopping) return this.#dismiss(member)
    if (stopping && now() >= leaveBy) return this.#remove(member, 'it did not end when it was asked to')
    if (stopping) return
    if (!this.#releases.get(keyOf(release)) || now() - idleSince >= keepAliveMs) return this.#dismiss(member)
    if (state === 'awaited') this.#oversee(member)
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
    for (const worker of stop.slice(0, Math.max(0, over))) this.#dismiss(this.#members.get(worker))
    const stuck = stuckOnes(members, now)
    for (const member of stuck) member.room = { at: now, times: member.room.times + 1 }
    this.#giveWay(
      crews,
      stuck.map(({ release }) => keyOf(release)),
    )
    for (const key of starting) this.#start(this.#releases.get(key)!)
    for (const crew of crews.filter(({ key }) => !this.#releases.isResting(key)))
      for (const member of surplus(members, crew, now)) this.#dismiss(member)
  }

  /** Idle workers of other releases go, one for each worker that lacks the room. */
  #giveWay(crews: Crew[], stuck: readonly string[]): void {
    for (const worker of makeRoom(crews, stuck)) this.#dismiss(this.#members.get(worker))
  }

  #adopt(identity: Identity, state: Member['state']): Member {
    this.#context.host.admit(identity.id, identity.release, { sharesDisk: false })
    return this.#members.add({ ...identity, state, createdAt: this.#context.now() })
  }

  #start(release: Release): void {
    const createdAt = this.#context.now()
    const member = this.#members.add({ id: randomUUID(), job: '', release, state: 'asked', createdAt })
    this.#launch(member, release).catch((thrown: unknown) => {
      if (this.#closed) return
      this.#forget(member, asError(thrown).message)
      this.#resolve(member, complaintOf(thrown))
    })
  }

  async #launch(member: Member, release: Release): Promise<void> {
    const { cluster, host, preparation, place, now } = this.#context
    const prepared = await preparation.of(release)
    if (this.#closed || member.stopping) return this.#forget(member, NOT_WANTED)
    member.job = await launch(
      { worker: member.id, release, prepared, place },
      { cluster, host, removals: this.#removals },
    )
    member.createdAt = now()
    if (member.state === 'asked') member.state = 'awaited'
    if (member.stopping) this.#remove(member, NOT_WANTED)
  }

  #oversee(member: Member): void {
    const { cluster, now, troubleMs } = this.#context
    const key = keyOf(member.release)
    const queue = this.#releases.get(key)?.spec.kubernetes?.queueName
    const patience = this.#releases.isFaulty(key) ? Math.min(KNOWN_TROUBLE_MS, troubleMs) : troubleMs
    const onComplaint = (complaint: Complaint) => {
      if (this.#closed || !this.#members.get(member.id)) return
      this.#remove(member, complaint.words)
      this.#resolve(member, complaint)
    }
    oversee(member, { cluster, now: now(), troubleMs: patience, onComplaint, ...(queue ? { queue } : {}) })
  }

  /** What follows for the others from one worker that could not be had. */
  #resolve(member: Member, { kind, words, isDoubtful = false }: Complaint): void {
    const { release, createdAt } = member
    const key = keyOf(release)
    const { host } = this.#context
    const others = this.#members.all().filter((other) => other !== member && keyOf(other.release) === key)
    const fault = { createdAt, isDoubtful, othersDoBetter: others.some(doesWell) }
    const excuse = kind === 'function' ? this.#releases.excuse(key, fault) : undefined
    const whole = excuse === undefined ? words : `${words}; it is tried again, because ${excuse}`
    if (this.#releases.pause(key, whole)) host.log('warn', `no worker of ${release.function} can be had: ${whole}`)
    if (kind === 'function' && excuse === undefined) this.#blame(key, words)
    if (kind === 'full') this.#fullAt = this.#context.now()
    if (kind === 'full')
      this.#giveWay(
        this.#releases.demands().map((demand) => this.#crew(demand)),
        [key],
      )
  }

  /** Work that waits for a container that cannot start would wait for ever and never say why. */
  #blame(key: string, words: string): void {
    const release = this.#releases.get(key)
    const count = this.#releases.blame(key)
    if (!release) return
    const outcome = failed({ cause: 'image', message: `Kubernetes cannot start ${release.function}: ${words}` })
    for (let index = 0; index < count; index++) this.#context.host.failNext(release, outcome)
    for (const member of this.#members.of(key))
      if (member.pod?.phase === 'starting' && member.pod.trouble) this.#remove(member, words)
  }

  #dismiss(member: Member | undefined): void {
    if (!member || member.stopping) return
    const { host, now } = this.#context
    if (member.state === 'awaited') return this.#remove(member, NOT_WANTED)
    member.stopping = true
    if (member.idleSince !== undefined) member.leaveBy = now() + LEAVE_MS
    host.dismiss(member.id, member.release)
  }

  #remove(member: Member, why: string): void {
    this.#removals.begin(member.job)
    this.#forget(member, why)
  }

  #ended(id: string, { cause, why, isImageFault, exitCode = 0 }: PodEnd): void {
    const member = this.#members.get(id)
    this.#forget({ id }, why, cause)
    if (!member || member.stopping || this.#isFollowing) return
    if (isImageFault) this.#resolve(member, { kind: 'function', words: why, isDoubtful: true })
    else if (exitCode !== 0 && cause === 'worker-lost') this.#resolve(member, { kind: 'platform', words: why })
  }

  #forget({ id }: { id: string }, why: string, cause?: Cause): void {
    if (this.#members.end(id)) this.#context.host.onWorkerEnd(id, why, cause)
  }
}
