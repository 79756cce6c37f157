/** Whether a worker is silent because the cluster has lost its node, or takes its pod away: then it is not the worker's fault. */
import type { Loss } from '../../backend.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Member } from './members.js'
import type { Lease } from '../cluster/objects.js'

/** Milliseconds for which an answer is waited for. */
const ANSWER_MS = 2000

/** Undefined where the cluster says nothing that would explain it. */
export async function lossOf(
  { pod, node }: Pick<Member, 'pod' | 'node'>,
  { cluster, now }: { cluster: Pick<Cluster, 'leaseOf'>; now(): number },
): Promise<Loss | undefined> {
  if (pod?.phase === 'running' && pod.leaving) return { cause: 'evicted', why: pod.leaving }
  if (node === undefined) return undefined
  const lease = await cluster.leaseOf(node, AbortSignal.timeout(ANSWER_MS)).catch(() => undefined)
  const seconds = lease && silenceOf(lease, now())
  return seconds ? { cause: 'evicted', why: `its node ${node} has not been heard of for ${seconds} s` } : undefined
}

/**
 * Seconds for which a node has been silent, or 0. A kubelet renews its lease four times in the time that it is good for,
 * and the cluster takes longer than a worker's lease to call the node NotReady:
 * https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats
 */
export function silenceOf({ spec }: Lease, now: number): number {
  const { renewTime, leaseDurationSeconds = 40 } = spec ?? {}
  const seconds = renewTime ? (now - Date.parse(renewTime)) / 1000 : 0
  return seconds > leaseDurationSeconds / 2 ? Math.round(seconds) : 0
}
