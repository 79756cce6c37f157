/** What the dispatcher has on record of a burst, as a job list for the simulator. */
import type { Job } from '../../dispatcher/simulator/job.js'
import type { InvocationRecord } from '../../runtime/contract/dispatcher-api.js'
import type { FunctionSpec } from '../../runtime/contract/function-spec.js'

/** Of work that has ended; each ran as long as its last attempt. */
export function jobsOf(records: readonly InvocationRecord[], spec: FunctionSpec): Job[] {
  const sorted = records.toSorted((a, b) => a.acceptedAt - b.acceptedAt || (a.id < b.id ? -1 : 1))
  return sorted.map((record, id) => {
    const { startedAt, endedAt = startedAt } = record.tries.at(-1)!
    return {
      id,
      arrival: (record.acceptedAt - sorted[0]!.acceptedAt) / 1000,
      seconds: (endedAt - startedAt) / 1000,
      function: record.function,
      spec,
      inputBytes: record.input.kind === 'object' ? record.input.event.size : record.input.size,
    }
  })
}
