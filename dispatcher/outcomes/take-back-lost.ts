/** Takes attempts back whose workers have let their leases run out, and says why where a back-end can tell. */
import { failed, type Failed } from '../../runtime/contract/outcome.js'
import type { WorkerBackend } from '../backends/backend.js'
import type { Calls } from '../calls/calls.js'
import type { Changes } from '../changes.js'
import type { Database, RunningAttempt } from '../database/database.js'
import type { Settle } from './settle.js'
import { silentTopic } from '../topics.js'

export interface LossContext {
  database: Pick<Database, 'runningAttempts'>
  backends: readonly Pick<WorkerBackend, 'limits' | 'lossOf' | 'silent'>[]
  calls: Pick<Calls, 'cancelled'>
  changes: Pick<Changes, 'notify'>
  settle: Pick<Settle, 'fail'>
  leaseMs: number
  now(): number
}

export async function takeBackLost(context: LossContext): Promise<void> {
  const { database, calls, changes, settle, now } = context
  const silent = await database.runningAttempts(now())
  if (silent.length === 0) return
  const losses = new Map(await Promise.all(silent.map((attempt) => lossOf(attempt, context))))
  // One that was heard of meanwhile is not lost.
  for (const attempt of await database.runningAttempts(now())) {
    const loss = losses.get(attempt.worker)
    if (!loss) continue
    await settle.fail(attempt, loss)
    backendOf(attempt, context)?.silent(attempt.worker)
    changes.notify(silentTopic(attempt.backend, attempt.worker))
    calls.cancelled(attempt.invocation)
  }
}

async function lossOf(attempt: RunningAttempt, context: LossContext): Promise<[string, Failed]> {
  const { worker } = attempt
  const silence = `no sign of worker ${worker} for ${context.leaseMs / 1000} s`
  const known = await backendOf(attempt, context)?.lossOf?.(worker)
  const { cause, why } = known ?? { cause: 'worker-lost' as const, why: undefined }
  return [worker, failed({ cause, message: why ? `${silence}: ${why}` : silence })]
}

const backendOf = <T extends Pick<WorkerBackend, 'limits'>>(
  { backend }: RunningAttempt,
  { backends }: { backends: readonly T[] },
): T | undefined => backends.find(({ limits }) => limits.name === backend)
