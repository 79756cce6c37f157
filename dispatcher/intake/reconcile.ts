/** Finds what notifications missed: lists the inputs of all functions and offers every object; the record knows the old ones. */
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectEvent } from '../../runtime/contract/object-event.js'
import type { ObjectStore } from '../storage/object-store.js'

const BATCH = 500

export interface ReconcileContext {
  rules(): InputRule[]
  store(name: string): ObjectStore
  offer(events: ObjectEvent[]): Promise<unknown>
}

/** Lists each bucket and prefix once, however many functions read from it. */
export async function reconcile({ rules, store, offer }: ReconcileContext, signal: AbortSignal): Promise<void> {
  for (const { storage, bucket, prefix } of distinct(rules())) {
    let batch: ObjectEvent[] = []
    for await (const event of store(storage).list(bucket, prefix)) {
      if (signal.aborted) return
      batch.push(event)
      if (batch.length >= BATCH) await offer(batch.splice(0))
    }
    if (batch.length > 0) await offer(batch)
    batch = []
  }
}

function distinct(rules: InputRule[]): Pick<InputRule, 'storage' | 'bucket' | 'prefix'>[] {
  return rules.filter(
    (rule, index) =>
      !rules.some((other, at) => {
        const covers =
          other.storage === rule.storage && other.bucket === rule.bucket && rule.prefix.startsWith(other.prefix)
        return covers && (other.prefix.length < rule.prefix.length || at < index)
      }),
  )
}
