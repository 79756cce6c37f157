/** What to do about a worker that is not up yet. Pure: what is known of it and the time in, a verdict out. */
import type { PodFacts } from './pod-facts.js'

export interface Awaited {
  /** Undefined: no pod has been seen. */
  pod?: PodFacts
  /** Epoch milliseconds at which its Job was made. */
  createdAt: number
  /** Since when its container has been running. */
  runningSince?: number
  /** Since when a container of it has not been able to start. */
  troubledSince?: number
  /** When it was last asked what the cluster says about it, and how often. */
  looks: { at: number; count: number }
}

export type Verdict =
  | { kind: 'wait' }
  /** Its status says too little: events may say more. */
  | { kind: 'look'; at: 'Job' | 'Pod' }
  /** It lacks what a dispatcher that ended in between should have made with it. */
  | { kind: 'orphan' }
  /** It will not start, because of its function. */
  | { kind: 'fault'; words: string }
  /** Nothing is heard of it: its Job has had no pod for long, or its pod runs but does not ask for its function. */
  | { kind: 'podless' | 'mute' }

/** Milliseconds after which a Job without a pod, and a pod that does not get on, are looked into; doubled each time. */
const LOOK_MS = { Job: 3000, Pod: 20_000 } as const
const LOOK_MOST_MS = 120_000

/** Milliseconds between the start of the container and its first call. */
const MUTE_MS = 60_000

/** Milliseconds in which a kubelet finds what was made just after the pod. */
const ORPHAN_MS = 30_000

/** Milliseconds that a Job may go without a pod, unless it waits for its turn somewhere. */
const PODLESS_MS = 300_000

export interface Circumstances {
  now: number
  /** Milliseconds for which a container may fail to start. */
  troubleMs: number
  /** Its Job waits in a queue before it gets a pod. */
  isQueued: boolean
}

export function judge(worker: Awaited, { now, troubleMs, isQueued }: Circumstances): Verdict {
  const { pod, createdAt, troubledSince = now, runningSince = now } = worker
  if (!pod && !isQueued && now - createdAt >= PODLESS_MS) return { kind: 'podless' }
  if (!pod) return isLookDue(worker, 'Job', now) ? { kind: 'look', at: 'Job' } : { kind: 'wait' }
  if (pod.phase === 'running') return now - runningSince >= MUTE_MS ? { kind: 'mute' } : { kind: 'wait' }
  if (pod.phase !== 'starting') return { kind: 'wait' }
  const { trouble } = pod
  if (trouble?.isOrphan) return now - troubledSince >= ORPHAN_MS ? { kind: 'orphan' } : { kind: 'wait' }
  if (trouble && (trouble.isFinal || now - troubledSince >= troubleMs)) return { kind: 'fault', words: trouble.words }
  if (!trouble && isLookDue(worker, 'Pod', now)) return { kind: 'look', at: 'Pod' }
  return { kind: 'wait' }
}

function isLookDue({ looks, createdAt }: Awaited, at: 'Job' | 'Pod', now: number): boolean {
  const pause = Math.min(LOOK_MOST_MS, LOOK_MS[at] * 2 ** looks.count)
  return now - Math.max(looks.at, createdAt) >= pause
}
