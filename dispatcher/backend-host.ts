/** What the dispatcher offers a back-end: tokens for its workers, the packages of releases, and an ear. */
import type { WorkerClaims } from '../runtime/contract/runtime-api.js'
import type { BackendName } from '../runtime/contract/function-spec.js'
import type { BackendHost } from './backends/backend.js'
import type { Database } from './database/database.js'
import type { Dispatch } from './dispatch.js'
import type { HandOut } from './workers/hand-out.js'
import type { WorkerBook } from './workers/worker-book.js'
import { decodePackage } from './package-document.js'
import { signWorkerToken } from './workers/worker-token.js'

/** Milliseconds for which a worker token is good; a worker that lives longer is replaced. */
const WORKER_TOKEN_MS = 30 * 24 * 3600 * 1000

const NO_FILES = Buffer.from('[]')

export interface BackendHostContext {
  /** Whose host it is. */
  backend: BackendName
  database: Database
  book: WorkerBook
  handOut: HandOut
  dispatch: Dispatch
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
  workerSecret,
  now,
  log,
}: BackendHostContext): BackendHost {
  return {
    admit: (worker, release, { sharesDisk }) => {
      const claims: WorkerClaims = {
        function: release.function,
        release: release.number,
        backend,
        worker,
        sharesDisk,
        expiresAt: now() + WORKER_TOKEN_MS,
      }
      book.admit(claims)
      return signWorkerToken(claims, workerSecret)
    },
    failNext: (release, outcome) => {
      const failing = handOut.failNext(release, backend, outcome)
      failing.catch((thrown: unknown) => log('warn', `${release.function}: ${String(thrown)}`))
    },
    onWorkerEnd: (worker, why, cause = 'worker-lost') => {
      const ending = dispatch.workerEnded(worker, { cause, message: why })
      ending.catch((thrown: unknown) => log('warn', `worker ${worker}: ${String(thrown)}`))
    },
    packageOf: async ({ packageDigest }) => decodePackage((await database.getPackage(packageDigest)) ?? NO_FILES),
    log,
  }
}
