/** Looks after one worker that is on its way up: judges it, and asks the cluster where its status says too little. */
import type { Cluster } from '../cluster/cluster.js'
import { complaintOfJob, lastWarning, type Complaint } from './complaint.js'
import { judge } from './judge.js'
import type { Member } from './members.js'

export interface Oversight {
  cluster: Pick<Cluster, 'eventsOf'>
  now: number
  /** Milliseconds for which a container may fail to start. */
  troubleMs: number
  /** Of Kueue, in which its Job waits before it gets a pod. */
  queue?: string
  /** It will not come up. */
  onComplaint(complaint: Complaint): void
}

export function oversee(member: Member, { cluster, now, troubleMs, queue, onComplaint }: Oversight): void {
  const verdict = judge(member, { now, troubleMs, isQueued: queue !== undefined })
  if (verdict.kind === 'fault') return onComplaint({ kind: 'function', words: verdict.words })
  if (verdict.kind === 'wait') return
  if (verdict.kind !== 'look') return onComplaint({ kind: 'platform', words: WORDS[verdict.kind] })
  member.looks = { at: now, count: member.looks.count + 1 }
  if (verdict.at === 'Job' && queue) member.words = `it waits for its turn in the queue ${queue}`
  else void look(member, verdict.at, { cluster, onComplaint })
}

const WORDS = {
  mute: 'its pod runs but does not ask the dispatcher for its function; can pods reach dispatcherUrl?',
  orphan: 'its Secret was never made: the dispatcher ended before it could',
  podless: 'its Job gets no pod, and the cluster does not say why',
} as const

/** What cannot be asked now is asked the next time. */
async function look(
  member: Member,
  at: 'Job' | 'Pod',
  { cluster, onComplaint }: Pick<Oversight, 'cluster' | 'onComplaint'>,
): Promise<void> {
  const events = await cluster.eventsOf(at, at === 'Job' ? member.job : (member.podName ?? '')).catch(() => [])
  const complaint = at === 'Job' ? complaintOfJob(events) : undefined
  const words = lastWarning(events)
  if (words !== undefined) member.words = words
  if (complaint && !member.pod) onComplaint(complaint)
}
