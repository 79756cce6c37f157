/** What is seen of Jobs and pods, told in terms of workers: found, as it is now, ended. */
import { identify, observe, type Identity, type Member, type Members } from './members.js'
import type { Job, Pod } from '../cluster/objects.js'
import type { PodWatch } from '../cluster/cluster.js'
import { podFacts, vanished, type PodEnd } from './pod-facts.js'

export interface SightingsContext {
  members: Members
  now(): number
  /** A worker that nobody here has made: of an earlier life of the dispatcher, or of another replica. */
  onFound(identity: Identity, state: 'awaited' | 'up'): Member
  /** Once for every worker. */
  onEnded(id: string, end: PodEnd): void
  /** The pod of one that has ended for us is still there, and nobody removes it. */
  onLeftOver(identity: Identity): void
}

export class Sightings {
  readonly #context: SightingsContext

  constructor(context: SightingsContext) {
    this.#context = context
  }

  /** Jobs tell of workers that have no pod yet; those that have one are known by it. */
  onJobs(jobs: readonly Job[]): void {
    for (const job of jobs) {
      const identity = isOver(job) ? undefined : identify(job.metadata)
      if (identity && !this.#context.members.knows(identity.id)) this.#context.onFound(identity, 'awaited')
    }
  }

  /** All pods there are: one that was there and is not among them is gone. */
  onList(pods: readonly Pod[]): void {
    const { members, onEnded } = this.#context
    for (const pod of pods) {
      this.#sweep(pod)
      this.onPod('MODIFIED', pod)
    }
    const shown = new Set(pods.flatMap(({ metadata }) => identify(metadata)?.id ?? []))
    for (const { id, pod } of members.all()) if (pod && !shown.has(id)) onEnded(id, vanished(pod))
    members.forgetEnded(shown)
  }

  #sweep(pod: Pod): void {
    const identity = identify(pod.metadata)
    if (!identity || pod.metadata.deletionTimestamp !== undefined) return
    if (this.#context.members.hasEnded(identity.id) && podFacts(pod).phase !== 'ended')
      this.#context.onLeftOver(identity)
  }

  readonly onPod: PodWatch['onPod'] = (change, pod) => {
    const { members, now, onFound, onEnded } = this.#context
    const identity = identify(pod.metadata)
    if (!identity || members.hasEnded(identity.id)) return
    const facts = podFacts(pod)
    if (facts.phase === 'ended') return onEnded(identity.id, facts.end)
    if (change === 'DELETED') return onEnded(identity.id, vanished(facts))
    // One that runs has most likely asked for its function: nobody could tell if it had not.
    const member = members.get(identity.id) ?? onFound(identity, facts.phase === 'running' ? 'up' : 'awaited')
    observe(member, { pod: facts, podName: pod.metadata.name, node: pod.spec?.nodeName, now: now() })
  }
}

const isOver = ({ status }: Job): boolean =>
  status?.conditions?.some(({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed')) ??
  false
