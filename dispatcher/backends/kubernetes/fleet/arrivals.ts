/** How workers come: they are found, or made and looked after until they are up. */
import { randomUUID } from 'node:crypto'
import { asError } from '../../../../runtime/contract/errors.js'
import type { Release } from '../../../../runtime/contract/release.js'
import type { BackendHost } from '../../backend.js'
import type { Aftermath } from './aftermath.js'
import type { Cluster } from '../cluster/cluster.js'
import { complaintOf, type Complaint } from './complaint.js'
import { NOT_WANTED, type Departures } from './departures.js'
import { launch } from './launch.js'
import { keyOf, type Identity, type Member, type Members } from './members.js'
import { jobName } from '../names.js'
import { oversee } from './oversee.js'
import type { Preparation } from '../preparation.js'
import type { Releases } from './releases.js'
import type { Removals } from './removals.js'
import type { Place } from '../pod/worker.js'

export interface ArrivalsContext {
  cluster: Cluster
  host: BackendHost
  preparation: Preparation
  place: Place
  members: Members
  releases: Releases
  removals: Removals
  departures: Departures
  aftermath: Aftermath
  /** Milliseconds for which a container may fail to start. */
  troubleMs: number
  now(): number
}

/** Milliseconds for which a container may fail to start whose function is known to be at fault. */
const KNOWN_TROUBLE_MS = 20_000

export class Arrivals {
  readonly #context: ArrivalsContext
  #closed = false

  constructor(context: ArrivalsContext) {
    this.#context = context
  }

  adopt(identity: Identity, state: Member['state']): Member {
    const { host, members, now } = this.#context
    host.admit(identity.id, identity.release, { sharesDisk: false })
    return members.add({ ...identity, state, createdAt: now() })
  }

  start(release: Release): void {
    const { members, departures, aftermath, now } = this.#context
    const id = randomUUID()
    const job = jobName(release.function, id)
    const member = members.add({ id, job, release, state: 'asked', createdAt: now() })
    this.#launch(member, release).catch((thrown: unknown) => {
      if (this.#closed) return
      departures.forget(member, asError(thrown).message)
      aftermath.of(member, complaintOf(thrown))
    })
  }

  /** Of one that is not up yet. */
  lookAfter(member: Member): void {
    const { cluster, members, releases, departures, aftermath, now, troubleMs } = this.#context
    const key = keyOf(member.release)
    const queue = releases.get(key)?.spec.kubernetes?.queueName
    const patience = releases.isFaulty(key) ? Math.min(KNOWN_TROUBLE_MS, troubleMs) : troubleMs
    const onComplaint = (complaint: Complaint) => {
      if (this.#closed || !members.get(member.id)) return
      departures.remove(member, complaint.words)
      aftermath.of(member, complaint)
    }
    oversee(member, { cluster, now: now(), troubleMs: patience, onComplaint, ...(queue ? { queue } : {}) })
  }

  close(): void {
    this.#closed = true
  }

  async #launch(member: Member, release: Release): Promise<void> {
    const { cluster, host, preparation, place, members, removals, departures, now } = this.#context
    const prepared = await preparation.of(release)
    if (this.#closed || member.stopping) return departures.forget(member, NOT_WANTED)
    await launch({ worker: member.id, release, prepared, place }, { cluster, host, removals })
    // Its pod may have been seen, and it may have been given up, before the answer was there.
    if (!members.get(member.id)) return removals.begin(member.job)
    member.createdAt = now()
    if (member.state === 'asked') member.state = 'awaited'
    if (member.stopping) departures.remove(member, NOT_WANTED)
  }
}
