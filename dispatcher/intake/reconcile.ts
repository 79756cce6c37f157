/**
 * Finds what notifications missed: lists the inputs of all functions and offers every object; the record knows the old ones.
 * Where nothing has changed since the last listing, the record is not asked again.
 */
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { ObjectStore } from '../storage/object-store.js'
import { inChunks } from './chunks.js'

export interface ReconcileContext {
  rules: readonly InputRule[]
  store(name: string): Pick<ObjectStore, 'list'>
  /** False: some of them are to be offered again. */
  offer(events: ObjectEvent[]): Promise<boolean>
  /** Digests of chunks that need not be offered; brought up to date. */
  known: Set<string>
}

/** Lists each bucket and prefix once, however many functions read from it. False when something is to be offered again. */
export async function reconcile(context: ReconcileContext, signal: AbortSignal): Promise<boolean> {
  const { rules, store, offer, known } = context
  const seen = new Set<string>()
  let isComplete = true
  for (const { storage, bucket, prefix } of distinct(rules)) {
    for await (const { events, digest } of inChunks(store(storage).list(bucket, prefix))) {
      if (signal.aborted) return false
      seen.add(digest)
      if (known.has(digest)) continue
      if (await offer(events)) known.add(digest)
      else isComplete = false
    }
  }
  for (const digest of known) if (!seen.has(digest)) known.delete(digest)
  return isComplete
}

function distinct(rules: readonly InputRule[]): Pick<InputRule, 'storage' | 'bucket' | 'prefix'>[] {
  return rules.filter(
    (rule, index) =>
      !rules.some((other, at) => {
        const covers =
          other.storage === rule.storage && other.bucket === rule.bucket && rule.prefix.startsWith(other.prefix)
        return covers && (other.prefix.length < rule.prefix.length || at < index)
      }),
  )
}
