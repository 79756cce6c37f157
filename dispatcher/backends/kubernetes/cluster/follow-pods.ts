/**
 * Tells what becomes of the dispatcher's pods: lists them, watches until the server ends that, and lists again. The watch
 * is a hint: what it misses the next list shows, within five minutes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { asError } from '../../../../runtime/contract/errors.js'
import { ClusterRefusal, type Cluster, type PodWatch } from './cluster.js'
import type { Pod } from './objects.js'

export interface FollowPods {
  cluster: Pick<Cluster, 'listPods' | 'watchPods'>
  selector: string
  signal: AbortSignal
  /** All there are; what is not among them is gone. */
  onList(pods: readonly Pod[]): void
  onPod: PodWatch['onPod']
  /** The cluster cannot be reached, or refuses; undefined = it answers again. */
  onTrouble(trouble: string | undefined): void
}

const BACKOFF = { firstMs: 500, mostMs: 30_000 }

/** Status of a watch from a version that the server has forgotten: listing again is all it takes. */
const GONE = 410

/** Resolves when the signal aborts. */
export async function followPods(follow: FollowPods): Promise<void> {
  let failures = 0
  while (!follow.signal.aborted) {
    try {
      await listAndWatch(follow, () => (failures = 0))
    } catch (thrown) {
      if (follow.signal.aborted) return
      if (thrown instanceof ClusterRefusal && thrown.status === GONE) continue
      follow.onTrouble(asError(thrown).message)
      await pause(backoffMs(failures++), follow.signal)
    }
  }
}

async function listAndWatch({ cluster, selector, signal, ...ears }: FollowPods, onAnswer: () => void): Promise<void> {
  const { pods, version } = await cluster.listPods(selector)
  if (signal.aborted) return
  onAnswer()
  ears.onTrouble(undefined)
  ears.onList(pods)
  await cluster.watchPods({ selector, version, signal, onPod: ears.onPod })
}

const backoffMs = (failures: number) => Math.min(BACKOFF.mostMs, BACKOFF.firstMs * 2 ** failures)

const pause = (milliseconds: number, signal: AbortSignal) =>
  delay(milliseconds, undefined, { signal }).catch(() => undefined)
