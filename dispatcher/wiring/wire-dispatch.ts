/** Makes the loop, and the calls of back-ends that are called; each wakes the other. */
import { isAwsS3 } from '../../runtime/contract/service-config.js'
import { Bills } from '../calls/bills.js'
import { BringHome } from '../calls/bring-home.js'
import { Calls } from '../calls/calls.js'
import type { AttemptRef } from '../database/database.js'
import { Dispatch } from '../dispatch.js'
import type { Ground } from './ground.js'
import type { Replicas } from '../replicas/replicas.js'
import type { Claims } from '../routing/claims.js'
import { priceOf } from '../routing/price-of.js'
import { Redecide } from '../routing/redecide.js'
import type { Routing } from '../routing/routing.js'
import type { Settle } from '../outcomes/settle.js'
import type { Logs } from '../workers/log-book.js'
import type { OutputGrants } from '../workers/output-grants.js'

export interface DispatchWiring {
  claims: Claims
  replicas: Replicas
  routing: Routing
  settle: Settle
  outputs: OutputGrants
  logs: Logs
  /** Aborts when the dispatcher closes. */
  signal: AbortSignal
  /** Waits; rejects when the dispatcher closes. */
  pause(milliseconds: number): Promise<void>
}

export function wireDispatch(ground: Ground, wiring: DispatchWiring) {
  const { claims, replicas, routing, settle, outputs, logs, signal, pause } = wiring
  const { backends, book, changes, config, database, leaseMs, log, now, outages, registry, release, stores } = ground
  const wake = () => dispatch.wake()
  const onWaiting = ({ invocation, attempt }: AttemptRef, why: string) =>
    log('warn', `results on a public back-end wait to be brought home: ${why}`, { invocation, attempt })
  const isAws = (name: string) => isAwsS3(config.storage[name])
  const home = new BringHome({ database, outputs, settle, release, isAwsS3: isAws, signal, pause, onWaiting })
  const bills = new Bills({ database, backends, budgets: routing.budgets, calls: () => calls, release, now, log })
  const calls = new Calls({
    database,
    bills,
    claims,
    outages,
    settle,
    home,
    logs,
    backends: backends.called,
    store: (name) => stores.get(name),
    release,
    awsStorage: (name) => (isAws(name) ? config.storage[name] : undefined),
    priceOf,
    leaseMs,
    now,
    pause,
    log,
    onRoom: wake,
  })
  const dispatch = new Dispatch({
    database,
    backends: backends.workers,
    bills,
    calls,
    routing,
    outages,
    redecide: new Redecide({ database, routing, release, now, onDecided: wake, log }),
    book,
    replicas,
    changes,
    settle,
    release,
    current: () => registry.all(),
    leaseMs,
    now,
    log,
  })
  return { calls, dispatch }
}
