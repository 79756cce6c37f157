/** The workers of this dispatcher in the cluster: those that it made, and those that it found. */
import type { ReleaseKey } from '../../backend.js'
import type { Awaited } from './judge.js'
import { FUNCTION_ANNOTATION, JOB_LABEL, LABELS } from '../names.js'
import type { Metadata } from '../cluster/objects.js'
import type { PodFacts } from './pod-facts.js'

export interface Member extends Awaited {
  id: string
  /** Name of its Job. */
  job: string
  release: ReleaseKey
  /** `asked`: its Job is being made; `awaited`: it is there; `up`: the worker has asked for its function. */
  state: 'asked' | 'awaited' | 'up'
  /** It is to end. */
  stopping: boolean
  /** Epoch milliseconds by when it must be gone. */
  leaveBy?: number
  /** Epoch milliseconds since when it has had nothing to do; undefined while it works or starts. */
  idleSince?: number
  podName?: string
  /** Name of the node that has its pod. */
  node?: string
  /** What the cluster says about it, beside its pod's status. */
  words?: string
  /** When an idle worker last gave way to it, and how often one did. */
  room: { at: number; times: number }
}

export type Identity = Pick<Member, 'id' | 'job' | 'release'>

export const keyOf = ({ function: name, number }: ReleaseKey): string => `${name} ${number}`

export class Members {
  readonly #members = new Map<string, Member>()
  /** Those that have ended; kept for as long as the cluster shows them, so that none is reported twice. */
  readonly #ended = new Set<string>()

  add(member: Omit<Member, 'looks' | 'room' | 'stopping'>): Member {
    const whole: Member = { ...member, looks: { at: 0, count: 0 }, room: { at: 0, times: 0 }, stopping: false }
    this.#members.set(member.id, whole)
    return whole
  }

  get(id: string): Member | undefined {
    return this.#members.get(id)
  }

  all(): Member[] {
    return [...this.#members.values()]
  }

  of(key: string): Member[] {
    return this.all().filter(({ release, stopping }) => !stopping && keyOf(release) === key)
  }

  /** False when it had ended before. */
  end(id: string): boolean {
    this.#members.delete(id)
    if (this.#ended.has(id)) return false
    this.#ended.add(id)
    return true
  }

  /** Also when it has ended. */
  knows(id: string): boolean {
    return this.#members.has(id) || this.#ended.has(id)
  }

  hasEnded(id: string): boolean {
    return this.#ended.has(id)
  }

  /** Forgets the ended ones that the cluster no longer shows. */
  forgetEnded(shown: ReadonlySet<string>): void {
    for (const id of this.#ended) if (!shown.has(id)) this.#ended.delete(id)
  }
}

/** It is up, or on its way without trouble. */
export const doesWell = ({ state, pod }: Member): boolean =>
  state === 'up' || pod?.phase === 'running' || (pod?.phase === 'starting' && !pod.trouble)

/** A node has it. */
export const hasPlace = ({ state, pod }: Member): boolean =>
  state === 'up' || (pod !== undefined && pod.phase !== 'unscheduled')

/** It has found no place, and the cluster has said why. */
export const isUnplaced = ({ state, pod, words }: Member): boolean =>
  state !== 'up' && (pod ? pod.phase === 'unscheduled' && pod.words !== undefined : words !== undefined)

/** The words of a scheduler for what a worker that goes leaves behind. */
const SHORT_OF_ROOM = /Insufficient (cpu|memory|ephemeral-storage|\S+\/\S+)|Too many pods/

/** It would find a place if others took less. */
export const lacksRoom = ({ stopping, pod }: Member): boolean =>
  !stopping && pod?.phase === 'unscheduled' && SHORT_OF_ROOM.test(pod.words ?? '')

/** Notes what a pod looks like now, and since when. */
export function observe(
  member: Member,
  { pod, podName, node, now }: { pod: PodFacts; podName: string; node?: string | undefined; now: number },
): void {
  member.pod = pod
  member.podName = podName
  if (node !== undefined) member.node = node
  if (pod.phase === 'running') member.runningSince ??= now
  else delete member.runningSince
  if (pod.phase === 'starting' && pod.trouble) member.troubledSince ??= now
  else if (pod.phase !== 'starting') delete member.troubledSince
}

/** Whose worker an object belongs to; undefined for what is none of ours. */
export function identify({ labels = {}, annotations = {}, name }: Metadata): Identity | undefined {
  const id = labels[LABELS.worker]
  const number = Number(labels[LABELS.release])
  const functionName = annotations[FUNCTION_ANNOTATION]
  const job = labels[JOB_LABEL] ?? name
  if (!id || !job || !functionName || !Number.isInteger(number)) return undefined
  return { id, job, release: { function: functionName, number } }
}
