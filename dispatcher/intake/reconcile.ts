/**
 * Finds what notifications missed: lists the inputs of all functions and offers every object; the record knows the old ones.
 * Where nothing has changed since the last listing, the record is not asked again.
 */
import type { InputRule } from '../../runtime/contract/function-spec.js'
import { formatLocation } from '../../runtime/contract/location.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { ObjectStore } from '../storage/object-store.js'
import { inChunks } from './chunks.js'

type Place = Pick<InputRule, 'storage' | 'bucket' | 'prefix'>

export interface ReconcileContext {
  rules: readonly InputRule[]
  store(name: string): Pick<ObjectStore, 'list'>
  /** False: some of them are to be offered again. */
  offer(events: ObjectEvent[]): Promise<boolean>
  /** By place, the digests of chunks that need not be offered; brought up to date. */
  known: Map<string, Set<string>>
  /** Told of each place how it went: the fault, or none. */
  onListed(place: string, fault?: unknown): void
}

/**
 * Lists each bucket and prefix once, however many functions read from it; one that cannot be listed keeps no other from it.
 * False when something is to be offered again.
 */
export async function reconcile(context: ReconcileContext, signal: AbortSignal): Promise<boolean> {
  let isComplete = true
  for (const place of distinct(context.rules)) {
    const name = formatLocation(place)
    try {
      if (!(await reconcilePlace(place, context, signal))) isComplete = false
      if (signal.aborted) return false
      context.onListed(name)
    } catch (thrown) {
      context.onListed(name, thrown)
    }
  }
  return isComplete
}

/** A listing that breaks off forgets nothing. */
async function reconcilePlace(place: Place, context: ReconcileContext, signal: AbortSignal): Promise<boolean> {
  const { store, offer, known } = context
  const digests = known.get(formatLocation(place)) ?? new Set()
  known.set(formatLocation(place), digests)
  const seen = new Set<string>()
  let isComplete = true
  for await (const { events, digest } of inChunks(store(place.storage).list(place.bucket, place.prefix))) {
    if (signal.aborted) return false
    seen.add(digest)
    if (digests.has(digest)) continue
    if (await offer(events)) digests.add(digest)
    else isComplete = false
  }
  for (const digest of digests) if (!seen.has(digest)) digests.delete(digest)
  return isComplete
}

function distinct(rules: readonly InputRule[]): Place[] {
  return rules.filter(
    (rule, index) =>
      !rules.some((other, at) => {
        const covers =
          other.storage === rule.storage && other.bucket === rule.bucket && rule.prefix.startsWith(other.prefix)
        return covers && (other.prefix.length < rule.prefix.length || at < index)
      }),
  )
}
