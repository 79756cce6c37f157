/** Makes what workers talk to: who hands out, what they may do with an attempt, how files reach them, how they start. */
import type { WorkerClaims } from '../../runtime/contract/runtime-api.js'
import type { Ground } from './ground.js'
import { packages } from '../releases/packages.js'
import type { Claims } from '../routing/claims.js'
import type { Settle } from '../outcomes/settle.js'
import { upTopic } from '../topics.js'
import { Attempts } from '../workers/attempts.js'
import { HandOut } from '../workers/hand-out.js'
import { InputGrants, type InputGrantsContext } from '../workers/input-grants.js'
import type { Logs } from '../workers/log-book.js'
import type { OutputGrants } from '../workers/output-grants.js'
import { RelayedFiles } from '../workers/relayed-files.js'
import { StartWorker } from '../workers/start-worker.js'

export interface WorkerWiring {
  claims: Claims
  settle: Settle
  outputs: OutputGrants
  logs: Logs
  /** How files reach workers that do not see this machine's. */
  relay: InputGrantsContext
  isDraining(): boolean
  /** See `HandOutContext`. */
  meet(claims: WorkerClaims): Promise<void>
}

export function wireWorkers(ground: Ground, wiring: WorkerWiring) {
  const { backends, book, changes, database, leaseMs, now, outages, release } = ground
  const { claims, isDraining, logs, meet, outputs, relay, settle } = wiring
  const grants = new InputGrants(relay)
  const handOut = new HandOut({
    database,
    claims,
    book,
    changes,
    settle,
    grants,
    outages,
    release,
    leaseMs,
    now,
    isDraining,
    meet,
  })
  const attempts = new Attempts({ database, settle, outputs, outages, logs, release, leaseMs, now })
  const relayed = new RelayedFiles({ ...relay, outputs, held: (id, worker) => attempts.held(id, worker) })
  const starts = new StartWorker({
    ...relay,
    book,
    database,
    backends: backends.workers,
    release,
    packageOf: packages(database),
    onStarted: ({ backend, worker }) => changes.notify(upTopic(backend, worker)),
    now,
  })
  return { handOut, attempts, relayed, starts }
}
