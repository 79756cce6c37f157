/** Has stores report what is created where functions read from. */
import type { InputRule } from '../../runtime/contract/function-spec.js'
import type { ObjectStore } from '../storage/object-store.js'

export interface NotifyBuckets {
  store(name: string): Pick<ObjectStore, 'notify'>
  /** The inputs of all functions, as they are now. */
  inputs: readonly InputRule[]
}

/** Sets the notifications of the buckets of these rules, in which other functions may have a part; no others are touched. */
export async function notifyBuckets(rules: readonly InputRule[], { store, inputs }: NotifyBuckets): Promise<void> {
  const buckets = new Map(rules.map(({ storage, bucket }) => [`${storage}://${bucket}`, { storage, bucket }]))
  const notified = [...buckets.values()].map(async ({ storage, bucket }) => {
    const filters = inputs.filter((rule) => rule.storage === storage && rule.bucket === bucket)
    await store(storage).notify?.(
      bucket,
      filters.map(({ prefix, suffix }) => ({ prefix, suffix })),
    )
  })
  await Promise.all(notified)
}
