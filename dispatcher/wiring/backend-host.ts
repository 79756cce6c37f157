/** What the dispatcher offers a back-end: tokens for its workers, the packages of releases, and an ear. */
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { BackendName } from '../../runtime/contract/function-spec.js'
import type { BackendHost, ReleaseKey } from '../backends/backend.js'
import type { Changes } from '../changes.js'
import type { Database } from '../database/database.js'
import type { Dispatch } from '../dispatch.js'
import type { HandOut } from '../workers/hand-out.js'
import { dismissedTopic, takerTopic } from '../topics.js'
import type { WorkerBook } from '../workers/worker-book.js'
import { packages } from '../releases/packages.js'
import { signStartToken, signWorkerToken, START_TOKEN_MS, WORKER_TOKEN_MS } from '../workers/worker-token.js'

export interface BackendHostContext {
  /** Whose host it is. */
  backend: BackendName
  database: Database
  book: WorkerBook
  handOut: HandOut
  dispatch: Dispatch
  changes: Changes
  workerSecret: Buffer
  now(): number
  log: BackendHost['log']
}

export function backendHost({
  backend,
  database,
  book,
  handOut,
  dispatch,
  changes,
  workerSecret,
  now,
  log,
}: BackendHostContext): BackendHost {
  const admit = (
    worker: string,
    { function: name, number }: ReleaseKey,
    facts: { sharesDisk: boolean; ms: number },
  ) => {
    const { sharesDisk, ms } = facts
    const claims: WorkerClaims = { function: name, release: number, backend, worker, sharesDisk, expiresAt: now() + ms }
    book.admit(claims)
    return claims
  }
  return {
    admit: (worker, release, facts) =>
      signWorkerToken(admit(worker, release, { ...facts, ms: WORKER_TOKEN_MS }), workerSecret),
    admitStarting: (worker, release, facts) =>
      signStartToken(admit(worker, release, { ...facts, ms: START_TOKEN_MS }), workerSecret),
    adopting: () => book.adopting(),
    dismiss: (worker, release) => {
      book.forget(worker)
      const tell = () => {
        changes.notify(dismissedTopic(worker))
        changes.notify(takerTopic(release.function, backend))
      }
      if (!database.shared) return tell()
      const dismissing = database.shared.dismiss(worker, now()).then(tell)
      dismissing.catch((thrown: unknown) => log('warn', `worker ${worker}: ${String(thrown)}`))
    },
    failNext: (release, outcome) => {
      const failing = handOut.failNext(release, backend, outcome)
      failing.catch((thrown: unknown) => log('warn', `${release.function}: ${String(thrown)}`))
    },
    onWorkerEnd: (worker, why, cause = 'worker-lost') => {
      const ending = dispatch.workerEnded(worker, { cause, message: why })
      ending.catch((thrown: unknown) => log('warn', `worker ${worker}: ${String(thrown)}`))
    },
    packageOf: packages(database),
    log,
  }
}
